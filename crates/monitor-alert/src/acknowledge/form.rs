//! The form of an acknowledgement: `by=Ada+Lovelace`.

/// Returns the value of the field `by`, without control characters, if it is not empty.
pub(super) fn by(body: &[u8]) -> Option<String> {
    let fields = body.split(|byte| *byte == b'&');
    let value = fields.filter_map(|field| field.strip_prefix(b"by=")).next()?;
    let text: String = decode(value).chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Decodes `application/x-www-form-urlencoded`. A percent sign without two digits stands for itself.
fn decode(value: &[u8]) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value);
    while let Some((first, behind)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| escaped(behind)).flatten();
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escaped(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

/// Number of characters of a name.
const MAX_NAME: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_decoded_and_bounded() {
        let name = |body: &str| by(body.as_bytes());
        assert_eq!(name("by=Ada+Lovelace"), Some("Ada Lovelace".to_owned()));
        assert_eq!(name("x=1&by=Zo%C3%AB%21&by=Bob"), Some("Zoë!".to_owned()));
        assert_eq!(name("by=100%&x=%zz"), Some("100%".to_owned()));
        assert_eq!(name("by=a%0d%0ab%1b"), Some("ab".to_owned()), "no control character");
        assert_eq!(name("by=%ff"), Some("\u{fffd}".to_owned()));
        for none in ["", "by", "by=", "by=+%0a", "bye=Bob"] {
            assert_eq!(name(none), None, "{none}");
        }
        assert_eq!(name(&format!("by={}", "é".repeat(500))).map(|name| name.chars().count()), Some(80));
    }
}
