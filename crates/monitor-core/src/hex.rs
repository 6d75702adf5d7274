//! Numbers as lower-case hexadecimal digits.

/// Returns the digits of a number, eight digits at a time: digit by digit it takes four times as long.
pub(crate) fn digits(number: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    for (part, word) in digits.chunks_exact_mut(8).zip(number.to_be_bytes().chunks_exact(4)) {
        let word = word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        part.copy_from_slice(&eight(word).to_be_bytes());
    }
    digits
}

/// Makes a byte of each of the lower eight half-bytes, and a digit of each of these.
fn eight(word: u64) -> u64 {
    let pairs = (word << 16 | word) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs << 8 | pairs) & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes << 4 | bytes) & 0x0f0f_0f0f_0f0f_0f0f;
    // One where the digit is a letter: 10 and 6 make 16.
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    halves + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)
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
