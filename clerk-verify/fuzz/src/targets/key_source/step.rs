//! What an input says.

use std::time::Duration;

/// Inputs are cut after so many steps.
const MAX_STEPS: usize = 48;

/// All waiting of an input together; a renewal every minute makes some thousand fetches of it.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// `h`: from now on the server serves a set; the bits say which keys are in it.
    Serve(u8),
    /// `s`: from now on it answers wrongly, in this way.
    Fail(u8),
    /// `x`: from now on it does not answer: hangs, panics, can't be reached.
    Silent(u8),
    /// `l`: how long an answer takes.
    Latency(Duration),
    /// `c`: which cache headers an answer has.
    CacheHeaders(u8),
    /// `r`: which `Retry-After` an answer has.
    RetryAfter(u8),
    /// `e`: whether sets have an `ETag`, and are answered with 304 to who has them.
    Tags(bool),
    /// `t`: time passes.
    Wait(Duration),
    /// `j`: the time of day jumps.
    Jump(i64),
    /// `v`: this token is verified.
    Verify(u8),
    /// `V`: five of this and the next tokens at once.
    VerifyFive(u8),
    /// `d`: a token is verified by someone who goes away after this time.
    Abandon(Duration),
    /// `y`: `ready`.
    Ready,
    /// `S`: the status is asked for, and the keys are exported.
    Status,
}

const TIMES: [Duration; 10] = [
    Duration::from_millis(1),
    Duration::from_millis(150),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(11),
    Duration::from_secs(61),
    Duration::from_secs(5 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// None of them ends together with a time limit.
const LATENCIES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(130),
    Duration::from_millis(1_200),
    Duration::from_millis(4_900),
    Duration::from_millis(5_100),
];

const JUMPS: [i64; 4] = [-24 * 60 * 60, 24 * 60 * 60, 2 * 60 * 60, -5];

/// The steps of an input; letters that mean nothing are passed over.
pub(super) fn read(input: &[u8]) -> Vec<Step> {
    let mut waited = Duration::ZERO;
    let mut may_wait = |time: Duration| {
        waited += time;
        (waited <= MAX_WAIT).then_some(time)
    };
    let mut steps = Vec::new();
    for pair in input.chunks_exact(2).take(MAX_STEPS) {
        let argument = pair[1];
        let index = usize::from(argument);
        steps.extend(match pair[0] {
            b'h' => Some(Step::Serve(argument & 7)),
            b's' => Some(Step::Fail(argument)),
            b'x' => Some(Step::Silent(argument)),
            b'l' => Some(Step::Latency(LATENCIES[index % LATENCIES.len()])),
            b'c' => Some(Step::CacheHeaders(argument)),
            b'r' => Some(Step::RetryAfter(argument)),
            b'e' => Some(Step::Tags(argument & 1 == 1)),
            b't' => may_wait(TIMES[index % TIMES.len()]).map(Step::Wait),
            b'j' => Some(Step::Jump(JUMPS[index % JUMPS.len()])),
            b'v' => Some(Step::Verify(argument)),
            b'V' => Some(Step::VerifyFive(argument)),
            b'd' => Some(Step::Abandon(TIMES[index % 4])),
            b'y' => Some(Step::Ready),
            b'S' => Some(Step::Status),
            _ => None,
        });
    }
    steps
}
