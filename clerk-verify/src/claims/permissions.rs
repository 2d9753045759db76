//! The packed permissions of version 2: `fea`, `o.per` and `o.fpm`.
//!
//! `fea` lists features, each with the scope it is granted in (`o:` organization, `u:` user, `ou:` and
//! `uo:` both). `per` lists permissions, `fpm` one decimal bit mask for each feature: bit `j` set means
//! that the feature has permission `j`.

use std::collections::HashSet;

use super::entitlements::{Entry, entries};
#[cfg(feature = "cache")]
use super::size::ALLOCATION;

/// The permissions that the three claims grant, in the order of the features.
///
/// Which feature a mask belongs to is read in the way that grants least where the claims leave it open:
/// as many masks as features means position by position; as many as organization features means position
/// by position over those; with any other count a permission must be granted by both readings. A mask that
/// is not a plain decimal number grants nothing.
pub(super) fn decode(fea: &str, per: &str, fpm: &str) -> Vec<String> {
    if fea.is_empty() || per.is_empty() || fpm.is_empty() {
        return Vec::new();
    }
    let features: Vec<Entry<'_>> = entries(fea).collect();
    let in_organization: Vec<Entry<'_>> = features
        .iter()
        .copied()
        .filter(|feature| feature.organization)
        .collect();
    let names: Vec<&str> = list(per).collect();
    let masks: Vec<&str> = list(fpm).collect();

    if masks.len() == features.len() {
        granted(&features, &names, &masks)
    } else if masks.len() == in_organization.len() {
        granted(&in_organization, &names, &masks)
    } else {
        let narrow = granted(&in_organization, &names, &masks);
        let narrow: HashSet<String> = narrow.into_iter().collect();
        let mut wide = granted(&features, &names, &masks);
        wide.retain(|permission| narrow.contains(permission));
        wide
    }
}

/// How many bytes [`decode`] can return, its list and the allocations included.
#[cfg(feature = "cache")]
pub(super) fn most_bytes(fea: &str, per: &str, fpm: &str) -> usize {
    if fea.is_empty() || per.is_empty() || fpm.is_empty() {
        return 0;
    }
    let longest = |text: &str| list(text).map(str::len).max().unwrap_or_default();
    let each = "org::".len() + longest(fea) + longest(per);
    let names = list(per).count();
    let granted = |mask: &str| match mask.parse::<u64>() {
        Ok(mask) => names.min(mask.count_ones() as usize),
        // A digit is less than four bits.
        Err(_) => names.min(mask.len().saturating_mul(4)),
    };
    let most = list(fpm).map(granted).fold(0, usize::saturating_add);
    most.saturating_mul(each + size_of::<String>() + ALLOCATION)
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim_ascii)
}

fn granted(features: &[Entry<'_>], names: &[&str], masks: &[&str]) -> Vec<String> {
    let mut permissions = Vec::new();
    for (feature, mask) in features.iter().zip(masks) {
        if !feature.organization || feature.slug.is_empty() {
            continue;
        }
        for (name, set) in names.iter().zip(Bits::of(mask)) {
            if set && !name.is_empty() {
                permissions.push(["org:", feature.slug, ":", name].concat());
            }
        }
    }
    permissions
}

/// The bits of a decimal number of any length, the lowest first; none of anything else.
struct Bits {
    /// Groups of 18 decimal digits, the highest first.
    groups: Vec<u64>,
}

const GROUP_DIGITS: usize = 18;
const GROUP: u64 = 1_000_000_000_000_000_000;

impl Bits {
    fn of(mask: &str) -> Self {
        let digits = mask.as_bytes();
        if !digits.iter().all(u8::is_ascii_digit) {
            return Self { groups: Vec::new() };
        }
        let first = digits.len() % GROUP_DIGITS;
        let (head, tail) = digits.split_at_checked(first).unwrap_or((&[], digits));
        let group = |digits: &[u8]| {
            digits
                .iter()
                .fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
        };
        let groups = std::iter::once(group(head))
            .chain(tail.chunks(GROUP_DIGITS).map(group))
            .collect();
        Self { groups }
    }
}

impl Iterator for Bits {
    type Item = bool;

    /// Halves the number; the remainder is the next bit.
    fn next(&mut self) -> Option<bool> {
        let mut carry = 0;
        for group in &mut self.groups {
            let value = *group + carry * GROUP;
            *group = value / 2;
            carry = value % 2;
        }
        (!self.groups.is_empty()).then_some(carry == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(mask: &str, count: usize) -> Vec<usize> {
        Bits::of(mask)
            .take(count)
            .enumerate()
            .filter_map(|(position, set)| set.then_some(position))
            .collect()
    }

    #[test]
    fn masks_of_any_length_are_exact() {
        assert_eq!(bits("9007199254740993", 54), [0, 53]);
        assert_eq!(bits("9007199254740995", 54), [0, 1, 53]);
        assert_eq!(bits("18014398509481984", 54), [0_usize; 0]);
        // 2^130 + 1
        assert_eq!(
            bits("1361129467683753853853498429727072845825", 131),
            [0, 130]
        );
    }

    #[test]
    fn a_mask_that_is_no_plain_decimal_number_grants_nothing() {
        for mask in ["", "1invalid", "-1", "1.5", "+1", "0x1", "١"] {
            assert_eq!(decode("o:a", "read", mask), Vec::<String>::new(), "{mask}");
        }
    }

    #[test]
    fn features_and_permissions_are_combined_by_mask() {
        assert_eq!(
            decode("o:dashboard,o:teams", "manage,read", "3,2"),
            [
                "org:dashboard:manage",
                "org:dashboard:read",
                "org:teams:read"
            ]
        );
        assert_eq!(
            decode(
                "o:repositories,o:impersonation,o:billing",
                "manage,read,update",
                "6,0,3"
            ),
            [
                "org:repositories:read",
                "org:repositories:update",
                "org:billing:manage",
                "org:billing:read"
            ]
        );
    }

    #[test]
    fn as_many_masks_as_features_are_read_over_all_features() {
        assert_eq!(
            decode("o:a,u:b,ou:c", "read,write", "1,3,2"),
            ["org:a:read", "org:c:write"]
        );
    }

    #[test]
    fn as_many_masks_as_organization_features_are_read_over_those() {
        assert_eq!(
            decode("o:a,u:b,o:c", "read,write", "1,2"),
            ["org:a:read", "org:c:write"]
        );
    }

    #[test]
    fn a_feature_without_a_name_keeps_its_place_and_grants_nothing() {
        assert_eq!(decode("ou:c,o:,o:b", "r", "0,1"), Vec::<String>::new());
        assert_eq!(decode("o:b,u:a,o:d,o:", "r,r,w", "2,3"), ["org:b:r"]);
        assert_eq!(decode("u:x,o:,o:a", "r", "1,1"), ["org:a:r"]);
    }

    #[test]
    fn nothing_is_granted_where_one_of_the_three_is_empty() {
        for (fea, per, fpm) in [("", "r,w", "3"), ("o:a", "", "3"), ("o:a", "r,w", "")] {
            assert_eq!(decode(fea, per, fpm), Vec::<String>::new());
            #[cfg(feature = "cache")]
            assert_eq!(most_bytes(fea, per, fpm), 0, "{fea} {per} {fpm}");
        }
    }

    #[test]
    fn only_ascii_white_space_is_trimmed() {
        assert_eq!(
            decode(" o:a , o:b ", " r ,w", " 1 ,\t2"),
            ["org:a:r", "org:b:w"]
        );
        for space in ["\u{85}", "\u{a0}", "\u{2003}"] {
            let mask = format!("{space}1");
            assert_eq!(decode("o:a", "r", &mask), Vec::<String>::new(), "{space:?}");
        }
    }

    #[test]
    fn any_other_count_grants_what_both_readings_grant() {
        assert_eq!(
            decode("o:a,u:b,o:c,o:d", "read,write", "1,2"),
            ["org:a:read"]
        );
    }
}
