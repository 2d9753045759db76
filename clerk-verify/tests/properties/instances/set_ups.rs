//! Instances as they come up: names and keys of their own, and a key id that they often have in common.

use std::ops::RangeInclusive;

use proptest::{
    option,
    prelude::*,
    sample::{Index, select, subsequence},
};

use super::apps::{App, Publishable, SetUp, Source};

const LETTERS: [char; 3] = ['a', 'b', 'c'];

/// As many instances as `sizes` says, of three, in any order.
pub(super) fn set_up(sizes: RangeInclusive<usize>) -> impl Strategy<Value = SetUp> + Clone {
    let places = subsequence(vec![0, 1, 2], sizes).prop_shuffle();
    let all = (app(0), app(1), app(2)).prop_map(|(first, second, third)| [first, second, third]);
    let flags = (any::<bool>(), prop::bool::weighted(0.35));
    (places, all, flags).prop_map(|(places, all, (on_builder, names_issuer))| {
        let mut apps: Vec<App> = places.iter().map(|place| all[*place].clone()).collect();
        // Beside a publishable key only the builder takes issuers.
        if on_builder && names_issuer && apps[0].publishable.is_some() {
            apps[0].issuers = vec![format!("https://named.{}.test", LETTERS[apps[0].number])];
        }
        SetUp { apps, on_builder }
    })
}

pub(super) fn app(number: usize) -> impl Strategy<Value = App> + Clone {
    let [own, next] = [number, (number + 1) % 3].map(|number| LETTERS[number]);
    let names = (any::<bool>(), option::of(Just(())), option::of(Just(())));
    let publishable = names.prop_map(move |(is_live, proxy, satellite)| Publishable {
        is_live,
        host: format!("clerk.{own}.test"),
        proxy: proxy.map(|()| format!("https://{own}.test/__clerk")),
        satellite: satellite.map(|()| format!("satellite-{own}.test")),
    });
    // The last two look like the next instance's.
    let others = [
        format!("https://{own}.test/__clerk"),
        format!("http://clerk.{next}.test"),
        format!("https://clerk.{next}.test/{own}"),
    ];
    let issuers = (any::<bool>(), subsequence(others.to_vec(), 0..=3)).prop_map(
        move |(has_slash, others)| {
            let slash = if has_slash { "/" } else { "" };
            let mut issuers = vec![format!("https://clerk.{own}.test{slash}")];
            issuers.extend(others);
            issuers
        },
    );
    let names = prop_oneof![
        3 => publishable.prop_map(|names| (Some(names), Vec::new())),
        2 => issuers.prop_map(|issuers| (None, issuers)),
    ];
    let kids = [
        "ins_shared",
        "ins_shared",
        ["ins_a", "ins_b", "ins_c"][number],
    ];
    let sources = [Source::Set, Source::Set, Source::JwtKey, Source::Both];
    (names, select(kids.to_vec()), select(sources.to_vec())).prop_map(
        move |((publishable, issuers), kid, source)| App {
            number,
            kid,
            source,
            publishable,
            issuers,
        },
    )
}

/// Another order of the same instances.
pub(super) fn reordered(set_up: &SetUp, order: &[Index]) -> SetUp {
    let mut rest = set_up.apps.clone();
    let mut apps = Vec::new();
    for place in order.iter().cycle().take(rest.len()) {
        apps.push(rest.remove(place.index(rest.len())));
    }
    let on_builder = false;
    SetUp { apps, on_builder }
}
