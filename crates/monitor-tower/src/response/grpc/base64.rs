//! A streaming base64 decoder.
//!
//! gRPC-Web servers encode each message separately, so padding may appear anywhere, and frames cut the text at any
//! point.

/// Decodes a stream of concatenated base64 texts. Other characters are skipped.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bits: u32,
    digits: u32,
}

impl Decoder {
    /// Returns the bytes that are complete with `text`.
    pub(super) fn decode(&mut self, text: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::with_capacity(text.len() / 4 * 3 + 3);
        for byte in text {
            if *byte == PADDING {
                // At the end of a text two digits encode one byte, and three encode two; `push` has already written
                // them.
                *self = Self::default();
            } else if let Some(digit) = value_of(*byte) {
                self.push(digit, &mut decoded);
            }
        }
        decoded
    }

    /// Appends a byte as soon as its eight bits are complete.
    fn push(&mut self, digit: u32, decoded: &mut Vec<u8>) {
        self.bits = self.bits << 6 | digit;
        self.digits = (self.digits + 1) % 4;
        match self.digits {
            1 => {}
            2 => decoded.push((self.bits >> 4) as u8),
            3 => decoded.push((self.bits >> 2) as u8),
            _ => decoded.push(self.bits as u8),
        }
    }
}

fn value_of(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

const PADDING: u8 = b'=';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded_however_they_are_cut() {
        for (text, expected) in [
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==YmFyZm8=", "foobbarfo"),
            ("+/+/", "\u{fb}\u{ff}\u{bf}"),
        ] {
            let expected: Vec<u8> = expected.chars().map(|c| c as u8).collect();
            for piece in 1..=text.len() {
                let mut decoder = Decoder::default();
                let decoded: Vec<u8> = text.as_bytes().chunks(piece).flat_map(|piece| decoder.decode(piece)).collect();
                assert_eq!(decoded, expected, "{text} in pieces of {piece}");
            }
        }
    }
}
