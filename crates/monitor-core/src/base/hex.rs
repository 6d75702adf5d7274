//! Numbers as lower-case hexadecimal digits.

/// Returns the hexadecimal digits of a number. It computes eight digits at once; digit by digit takes four times as
/// long.
pub(crate) fn digits(number: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    digits[..8].copy_from_slice(&eight(number >> 96));
    digits[8..16].copy_from_slice(&eight(number >> 64));
    digits[16..24].copy_from_slice(&eight(number >> 32));
    digits[24..].copy_from_slice(&eight(number));
    digits
}

/// Spreads the lowest eight half-bytes over one byte each, then turns each into a digit.
fn eight(number: u128) -> [u8; 8] {
    let word = number as u64 & 0xffff_ffff;
    let pairs = (word << 16 | word) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs << 8 | pairs) & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes << 4 | bytes) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 where the digit is a letter: 10 plus 6 sets the bit of 16.
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (halves + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_that_the_standard_library_writes(number: u128) {
            let expected = format!("{number:032x}");
            prop_assert_eq!(digits(number), expected.as_bytes());
        }
    }
}
