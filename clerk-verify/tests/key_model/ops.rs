//! What may happen to a key source, and how often.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    material::{SETS, TOKENS},
    rules::Options,
    server::{HEADERS, Mood},
};

/// A verifier, and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) options: Options,
    /// Keys of an earlier run: their age in seconds, and the set by its place in `SETS`.
    pub(crate) seed: Option<(u64, usize)>,
    /// For what the key source decides at random.
    pub(crate) jitter: u64,
    pub(crate) ops: Vec<Op>,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Milliseconds pass.
    Pass(u64),
    /// Time passes until so many milliseconds after this moment, or before it.
    Until(Mark, i64),
    /// The time of day is set so many seconds later.
    SetClock(i64),
    Publish(usize),
    /// A cache on the way keeps what is published now, or goes away.
    Cache(bool),
    Tags(bool),
    Headers(usize),
    /// How many milliseconds an answer takes.
    Latency(u64),
    Mood(Mood),
    /// With the next request alone.
    Once(Mood),
    /// Verifications, which begin one after the other or at once.
    Verify(Vec<Call>),
}

/// A moment at which something changes, as the model knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    RenewalEarliest,
    RenewalLatest,
    Stale,
    End,
    PauseEnds,
    NeededPauseEnds,
    UnknownRefilled,
    RecheckAllowed,
    OldEnough,
    Forgotten,
    MinuteOver,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// By its place in `TOKENS`; `None` only waits for keys.
    pub(crate) token: Option<usize>,
    /// In milliseconds.
    pub(crate) delay: u64,
    /// After how many milliseconds the caller goes away.
    pub(crate) patience: Option<u64>,
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let options = prop_oneof![
        4 => Just(Options::Default),
        1 => Just(Options::Strict),
        2 => Just(Options::OnlyWhenAsked),
    ];
    let age = select(&[0, 5, 200, 4_000, 86_000, 90_000][..]);
    let seed = prop_oneof![4 => Just(None), 1 => (age, 0..SETS.len()).prop_map(Some)];
    let scenes = vec(scene(), 1..30);
    (options, seed, any::<u64>(), scenes).prop_map(|(options, seed, jitter, scenes)| Case {
        options,
        seed,
        jitter,
        ops: scenes.concat(),
    })
}

/// What belongs together.
fn scene() -> impl Strategy<Value = Vec<Op>> {
    let calls = || vec(call(), 1..6).prop_map(Op::Verify);
    let offset = select(&[-30, -1, 0, 1, 30, 70][..]);
    let at_a_moment = (mark(), offset, calls())
        .prop_map(|(mark, offset, calls)| vec![Op::Until(mark, offset), calls]);
    let tokens = (0..TOKENS.len(), 0..TOKENS.len());
    let storm = (3..9_usize, tokens).prop_map(|(every, tokens)| {
        vec![
            Op::Latency(1),
            Op::Pass(11_000),
            Op::Mood(Mood::Flaps(every)),
            flood(tokens),
        ]
    });
    prop_oneof![
        30 => op().prop_map(|op| vec![op]),
        8 => at_a_moment,
        1 => storm,
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let pass = select(
        &[
            1, 30, 500, 1_000, 2_500, 5_000, 10_001, 31_000, 61_000, 301_000,
        ][..],
    );
    let long = select(&[3_600_000, 20_000_000, 86_400_000][..]);
    let offset = select(&[-30, -1, 0, 1, 30, 70][..]);
    let jump = select(&[-86_400, -3_600, -60, 61, 290, 3_600, 86_400][..]);
    prop_oneof![
        10 => pass.prop_map(Op::Pass),
        1 => long.prop_map(Op::Pass),
        12 => (mark(), offset).prop_map(|(mark, offset)| Op::Until(mark, offset)),
        2 => jump.prop_map(Op::SetClock),
        6 => (0..SETS.len()).prop_map(Op::Publish),
        1 => any::<bool>().prop_map(Op::Cache),
        2 => any::<bool>().prop_map(Op::Tags),
        2 => (0..HEADERS.len()).prop_map(Op::Headers),
        2 => select(&[1, 40, 900, 3_000][..]).prop_map(Op::Latency),
        3 => Just(Op::Mood(Mood::Well)),
        3 => mood().prop_map(Op::Mood),
        4 => mood().prop_map(Op::Once),
        24 => vec(call(), 1..6).prop_map(Op::Verify),
        1 => (0..TOKENS.len(), 0..TOKENS.len()).prop_map(flood),
    ]
}

/// Two tokens in turn, again and again, for more than a minute.
fn flood(tokens: (usize, usize)) -> Op {
    let call = |number: u64| Call {
        token: Some(if number.is_multiple_of(2) {
            tokens.0
        } else {
            tokens.1
        }),
        delay: number * 700,
        patience: None,
    };
    Op::Verify((0..90).map(call).collect())
}

fn call() -> impl Strategy<Value = Call> {
    let token = prop_oneof![1 => Just(None), 15 => (0..TOKENS.len()).prop_map(Some)];
    let delay = prop_oneof![3 => Just(0), 2 => select(&[17, 420, 2_003][..])];
    let patience = prop_oneof![5 => Just(None), 1 => select(&[5, 333, 4_001][..]).prop_map(Some)];
    (token, delay, patience).prop_map(|(token, delay, patience)| Call {
        token,
        delay,
        patience,
    })
}

fn mark() -> impl Strategy<Value = Mark> {
    use Mark::{
        End, Forgotten, MinuteOver, NeededPauseEnds, OldEnough, PauseEnds, RecheckAllowed,
        RenewalEarliest, RenewalLatest, Stale, UnknownRefilled,
    };
    let marks = [
        RenewalEarliest,
        RenewalLatest,
        Stale,
        End,
        PauseEnds,
        NeededPauseEnds,
        UnknownRefilled,
        RecheckAllowed,
        OldEnough,
        Forgotten,
        MinuteOver,
    ];
    select(marks.to_vec())
}

fn mood() -> impl Strategy<Value = Mood> {
    let wish = prop_oneof![2 => Just(None), 1 => select(&[2, 120, 99_999][..]).prop_map(Some)];
    prop_oneof![
        Just(Mood::NothingNew),
        (0..2_usize).prop_map(Mood::Empty),
        (0..4_usize).prop_map(Mood::Garbage),
        (select(&[429, 500, 503][..]), wish).prop_map(|(status, wish)| Mood::Status(status, wish)),
        select(&[204, 302, 404][..]).prop_map(|status| Mood::Status(status, None)),
        Just(Mood::NotReached),
        Just(Mood::Hangs),
        Just(Mood::Panics),
        (2..9_usize).prop_map(Mood::Flaps),
    ]
}
