use super::*;

/// The vector in the tests of Standard Webhooks' own libraries.
const KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const MESSAGE: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const AT: u64 = 1_649_367_553;
const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
const SIGNED: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

fn headers(signature: &str) -> HeaderMap {
    let values = [(ID, MESSAGE), (TIMESTAMP, "1649367553"), (SIGNATURE, signature)];
    values.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn verified(signature: &str) -> Result<(), SignatureError> {
    verify_at(AT, KEY, &headers(signature), BODY.as_bytes())
}

#[test]
fn a_signature_is_that_of_the_other_libraries() {
    let secret = Secret::parse(KEY).unwrap();
    assert_eq!(secret.sign(MESSAGE, "1649367553", BODY), SIGNED);
    assert_eq!(verified(SIGNED), Ok(()));
}

#[test]
fn a_signature_of_a_text_beyond_ascii_is_that_of_the_python_library() {
    let signature = Secret::parse(KEY).unwrap().sign("a", "1649367553", r#"{"m":"héllo ☃"}"#);
    assert_eq!(signature, "v1,JWoVU6OQqypVHAy9MZYaVQm5Bq2y1+VkuT4nbObTSP8=");
}

#[test]
fn one_of_several_signatures_is_enough() {
    let other = "v1,tFtCZ5RDCPxzWQRWXWPgrCgE2frDBe9gjpbWQxnVfsQ=";
    assert_eq!(verified(&format!("{other} v1a,AAAA {SIGNED}")), Ok(()));
    assert_eq!(verified(other), Err(SignatureError::Mismatch));
}

#[test]
fn a_signature_of_another_form_is_refused() {
    let bare = SIGNED.trim_start_matches("v1,");
    for signature in ["", "v1", "v1,", "v1,?", bare, &format!("v2,{bare}"), &SIGNED[..20]] {
        assert_eq!(verified(signature), Err(SignatureError::Mismatch), "{signature}");
    }
}

#[test]
fn a_changed_request_is_refused() {
    let refused = |headers: &HeaderMap, body: &str| {
        assert_eq!(verify_at(AT, KEY, headers, body.as_bytes()), Err(SignatureError::Mismatch));
    };
    refused(&headers(SIGNED), &BODY.replace("test_user", "root"));
    for (name, value) in [(ID, "msg_2"), (TIMESTAMP, "1649367554")] {
        let mut changed = headers(SIGNED);
        changed.insert(name, value.parse().unwrap());
        refused(&changed, BODY);
    }
    let other = format!("whsec_{}", BASE64.encode([7; 24]));
    assert_eq!(verify_at(AT, &other, &headers(SIGNED), BODY.as_bytes()), Err(SignatureError::Mismatch));
}

#[test]
fn a_request_of_another_time_is_refused() {
    let at = |now| verify_at(now, KEY, &headers(SIGNED), BODY.as_bytes());
    assert_eq!((at(AT - 300), at(AT + 300)), (Ok(()), Ok(())));
    for now in [0, AT - 301, AT + 301, u64::MAX] {
        assert_eq!(at(now), Err(SignatureError::OutsideTolerance), "{now}");
    }
    assert_eq!(verify_signature(KEY, &headers(SIGNED), BODY.as_bytes()), Err(SignatureError::OutsideTolerance));
}

#[test]
fn a_missing_or_unreadable_header_is_named() {
    for name in [ID, TIMESTAMP, SIGNATURE] {
        let mut headers = headers(SIGNED);
        headers.remove(name);
        let error = verify_at(AT, KEY, &headers, BODY.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("the header `{name}` is missing"));
    }
    let mut headers = headers(SIGNED);
    headers.insert(TIMESTAMP, "today".parse().unwrap());
    let error = verify_at(AT, KEY, &headers, BODY.as_bytes()).unwrap_err();
    assert_eq!(error, SignatureError::Unreadable("webhook-timestamp"));
}

#[test]
fn a_secret_has_24_to_64_bytes_in_base64() {
    for length in [24, 32, 64] {
        let text = BASE64.encode(vec![7; length]);
        assert!(Secret::parse(&text).is_some() && Secret::parse(&format!("whsec_{text}")).is_some(), "{length}");
    }
    for text in
        ["", "whsec_", "hunter2", "a secret of 24 letters: no", &BASE64.encode([7; 23]), &BASE64.encode([7; 65])]
    {
        assert!(Secret::parse(text).is_none(), "{text}");
    }
    assert_eq!(verify_at(AT, "hunter2", &headers(SIGNED), b"").unwrap_err().to_string(), SECRET_FORMAT);
}
