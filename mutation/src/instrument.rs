//! One file with all its mutants in it, each behind its switch.

use std::{collections::BTreeSet, ops::Range};

use anyhow::{Context, Result};

use crate::{
    mutant::{Genre, Mutant, Verdict},
    sites::{Site, Sites, Stretch},
};

/// What the changed file calls.
pub(crate) const SWITCH: &str = "crate::mutation_switch::is";

const EITHER: &str = "crate::mutation_switch::Either";

pub(crate) struct Instrumented {
    pub(crate) text: String,
    /// Where each mutant's own text lies in it.
    pub(crate) places: Vec<(usize, Range<usize>)>,
}

/// Text put around a stretch of the file. An empty stretch is an insertion.
struct Wrap {
    id: usize,
    stretch: Stretch,
    before: String,
    after: String,
}

/// Mutants that can't be switched get their verdict. `const_kept` are the functions, by the byte where they begin, that must
/// stay `const`.
pub(crate) fn file(
    text: &str,
    mutants: &mut [&mut Mutant],
    const_kept: &BTreeSet<usize>,
) -> Result<Instrumented> {
    let sites = Sites::of(text)?;
    let mut wraps = Vec::new();
    let mut unmade_const = BTreeSet::new();
    for mutant in mutants.iter_mut().filter(|mutant| mutant.is_viable()) {
        let at = sites.offset(mutant.span.start);
        let holds = |stretch: &Stretch| (stretch.start..stretch.end).contains(&at);
        // A function is left where its first statement begins, and that may be a constant of its own.
        let is_constant = sites.constant.iter().any(holds) && mutant.genre != Genre::FnValue;
        if is_constant {
            mutant.verdict = Verdict::Constant;
            continue;
        }
        if let Some((keyword, whole)) = sites.const_functions.iter().find(|(_, f)| holds(f)) {
            if const_kept.contains(&whole.start) {
                mutant.verdict = Verdict::Constant;
                continue;
            }
            unmade_const.insert((keyword.start, keyword.end));
        }
        match wrap(text, mutant, &sites)? {
            Some(wrap) => wraps.push(wrap),
            None => mutant.verdict = Verdict::Unviable,
        }
    }
    Ok(apply(text, &wraps, &unmade_const))
}

/// `None` where the change would not be Rust.
fn wrap(text: &str, mutant: &Mutant, sites: &Sites<'_>) -> Result<Option<Wrap>> {
    let Mutant {
        id, replacement, ..
    } = mutant;
    let place = mutant.span.start;
    let raw = |stretch: &Stretch| &text[stretch.start..stretch.end];
    let is = format!("{SWITCH}({id})");
    let site = match mutant.genre {
        Genre::FnValue => {
            let at = sites.offset(place);
            if let Some(body) = sites.opaque.get(&at) {
                // Of an opaque type nothing says that this is meant as a shared reference.
                if replacement.contains("::leak(") {
                    return Ok(None);
                }
                return Ok(Some(Wrap {
                    id: *id,
                    stretch: *body,
                    before: format!(
                        "if {is} {{ {EITHER}::Left({replacement}) }} else {{ {EITHER}::Right({{ "
                    ),
                    after: " }) }".to_owned(),
                }));
            }
            return Ok(Some(Wrap {
                id: *id,
                stretch: Stretch { start: at, end: at },
                before: format!("if {is} {{ return {replacement}; }} "),
                after: String::new(),
            }));
        }
        Genre::BinaryOperator => sites.binary.get(&place),
        Genre::UnaryOperator => sites.unary.get(&place),
        Genre::MatchArm => sites.arms.get(&place),
        Genre::MatchArmGuard => sites.guards.get(&place),
        Genre::StructField => sites.fields.get(&place),
    };
    let Some(site) = site else {
        // A chain with `let` in it.
        return Ok(None);
    };
    let or_else = |changed: String| format!("(if {is} {{ {changed} }} else {{ ");
    let end = " })".to_owned();
    let (stretch, before, after) = match site {
        Site::Binary { left, right } => {
            let changed = format!("{} {replacement} {}", raw(left), raw(right));
            let whole = Stretch {
                start: left.start,
                end: right.end,
            };
            (whole, or_else(changed), end)
        }
        Site::Unary { whole, operand } => (*whole, or_else(raw(operand).to_owned()), end),
        Site::Guard(guard) => (*guard, or_else(replacement.clone()), end),
        Site::Arm {
            guard: Some(guard), ..
        } => (*guard, format!("!{is} && ("), ")".to_owned()),
        Site::Arm {
            pattern_end,
            guard: None,
        } => {
            let at = Stretch {
                start: *pattern_end,
                end: *pattern_end,
            };
            (at, format!(" if !{is}"), String::new())
        }
        Site::Field {
            whole,
            value,
            name,
            is_shorthand,
            base,
        } => {
            let changed = or_else(format!("({}).{name}", raw(base)));
            let name = if *is_shorthand {
                format!("{name}: ")
            } else {
                String::new()
            };
            let stretch = if *is_shorthand { whole } else { value };
            (*stretch, name + &changed, end)
        }
    };
    Ok(Some(Wrap {
        id: *id,
        stretch,
        before,
        after,
    }))
}

/// The byte, what ends before what begins, and two keys for those of one byte.
type Order = (usize, u8, usize, usize);

fn apply(text: &str, wraps: &[Wrap], unmade_const: &BTreeSet<(usize, usize)>) -> Instrumented {
    // At one byte first what ends there, from the inside out, then what begins, from the outside in.
    let mut pieces: Vec<(Order, usize, &str)> = Vec::new();
    for (number, wrap) in wraps.iter().enumerate() {
        let Stretch { start, end } = wrap.stretch;
        let outside_first = if start == end { 0 } else { usize::MAX - end };
        pieces.push(((start, 1, outside_first, number), wrap.id, &wrap.before));
        if !wrap.after.is_empty() {
            let inside_first = usize::MAX - start;
            let reversed = usize::MAX - number;
            pieces.push(((end, 0, inside_first, reversed), wrap.id, &wrap.after));
        }
    }
    pieces.sort_unstable_by_key(|(order, ..)| *order);
    let mut instrumented = Instrumented {
        text: String::new(),
        places: Vec::new(),
    };
    let mut from = 0;
    for ((at, ..), id, piece) in pieces {
        push_unchanged(&mut instrumented.text, text, from..at, unmade_const);
        from = at;
        let start = instrumented.text.len();
        instrumented.text.push_str(piece);
        instrumented
            .places
            .push((id, start..instrumented.text.len()));
    }
    push_unchanged(&mut instrumented.text, text, from..text.len(), unmade_const);
    instrumented
}

/// But for the keywords that have to go.
fn push_unchanged(
    to: &mut String,
    text: &str,
    range: Range<usize>,
    unmade_const: &BTreeSet<(usize, usize)>,
) {
    let mut from = range.start;
    for &(start, end) in unmade_const.range((range.start, 0)..(range.end, 0)) {
        to.push_str(&text[from..start]);
        to.push_str(&" ".repeat(end - start));
        from = end;
    }
    to.push_str(&text[from..range.end]);
}

/// Where a function that must stay `const` begins in the file.
pub(crate) fn const_function(text: &str, name: &str) -> Result<Vec<usize>> {
    let sites = Sites::of(text)?;
    let named = |(_, whole): &&(Stretch, Stretch)| {
        let head = &text[whole.start..whole.end];
        head.contains(&format!("fn {name}("))
    };
    Ok(sites
        .const_functions
        .iter()
        .filter(named)
        .map(|(_, whole)| whole.start)
        .collect())
}

/// The module that says which mutant is on, and notes which are reached.
pub(crate) fn switch_module(count: usize) -> String {
    include_str!("switch.rs.in").replace("COUNT", &(count + 1).to_string())
}

/// With the module in it.
pub(crate) fn crate_root(text: &str) -> Result<String> {
    let at = text.find("\nmod ").context("a module in lib.rs")?;
    Ok(format!(
        "{}\nmod mutation_switch;{}",
        &text[..at],
        &text[at..]
    ))
}
