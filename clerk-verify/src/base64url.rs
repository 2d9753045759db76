//! base64url without padding (RFC 7515 §2): the fastest decoder that the machine has. All are equally strict.

use base64::Engine as _;

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    engine().decode(text).ok()
}

/// Into `room`, and how long it is; `text` must not be longer than [`fits`] allows.
pub(crate) fn decode_into(text: &str, room: &mut [u8]) -> Option<usize> {
    engine().decode_slice(text, room).ok()
}

/// Whether the bytes of `text` fit into `room`, whatever they are.
pub(crate) fn fits(text: &str, room: &[u8]) -> bool {
    base64::decoded_len_estimate(text.len()) <= room.len()
}

/// No padding, and no stray bits in the last symbol.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn engine() -> &'static base64::engine::Simd {
    use std::sync::LazyLock;

    use base64::engine::{Simd, general_purpose::NO_PAD};

    static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
    &ENGINE
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn engine() -> &'static base64::engine::GeneralPurpose {
    &base64::engine::general_purpose::URL_SAFE_NO_PAD
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    /// Under Miri each takes seconds.
    const CASES: u32 = if cfg!(miri) { 20 } else { 2_000 };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(CASES))]

        /// One symbol is made another character, at any place: in what is decoded many at a time, and in the rest.
        #[test]
        fn it_accepts_and_reads_what_the_plain_decoder_does(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            place in any::<prop::sample::Index>(),
            other in prop_oneof![(0_u8..128).prop_map(char::from), any::<char>()],
            cut in 0_usize..3,
        ) {
            let good = URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(decode(&good), Some(bytes));

            let mut odd: Vec<char> = good.chars().collect();
            if !odd.is_empty() {
                let place = place.index(odd.len());
                odd[place] = other;
            }
            odd.truncate(odd.len().saturating_sub(cut));
            let odd: String = odd.into_iter().collect();
            prop_assert_eq!(decode(&odd), URL_SAFE_NO_PAD.decode(&odd).ok());
            let mut room = [0; 300];
            let length = decode_into(&odd, &mut room);
            prop_assert_eq!(length.map(|length| room[..length].to_vec()), decode(&odd));
        }
    }

    #[test]
    fn what_fits_can_be_decoded_into_the_room() {
        let mut fitting = 0;
        for length in 0..600 {
            let text = URL_SAFE_NO_PAD.encode(vec![7; length]);
            let mut room = [0; 260];
            if fits(&text, &room) {
                assert_eq!(decode_into(&text, &mut room), Some(length));
                fitting += 1;
            }
        }
        assert!(fitting > 256, "{fitting}");
    }

    #[test]
    fn padding_stray_bits_white_space_and_the_other_alphabet_are_refused() {
        for text in ["YQ==", "YR", "Y Q", "YQ\n", "-_+/", "Y", "é"] {
            assert_eq!(decode(text), None, "{text}");
            let long = format!("{}{text}", "QUJD".repeat(40));
            assert_eq!(decode(&long), None, "{long}");
        }
    }
}
