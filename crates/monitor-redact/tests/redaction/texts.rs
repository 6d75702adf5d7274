//! Masking of single texts. `tests/data/redaction.yaml` has more cases, and applies them to all parts of an event.

use monitor_redact::{FILTERED, Redaction};

#[track_caller]
fn masks(text: &str, expected: &str) {
    assert_eq!(Redaction::new().text(text), expected);
    assert_eq!(Redaction::new().text(expected), expected, "masked again");
}

#[track_caller]
fn shows(text: &str) {
    masks(text, text);
}

#[test]
fn secrets_are_masked_and_the_rest_is_left() {
    masks("mail jo.doe@example.org now", "mail [Filtered] now");
    masks("sent to <jo@example.org>.", "sent to <[Filtered]>.");
    masks("Authorization: Bearer abc.def", "Authorization: [Filtered]");
    masks("Authorization: Token abc\nHost: a", "Authorization: [Filtered]\nHost: a");
    masks("Cookie: session=abc; theme=dark", "Cookie: [Filtered]");
    masks("{\"cookie\": \"a=b; c=d\", \"n\": 1}", "{\"cookie\": \"[Filtered]\", \"n\": 1}");
    masks("Login { password: Some(\"hunter2 x\"), n: 1 }", "Login { password: Some(\"[Filtered]\"), n: 1 }");
    masks("PASSWORD='a b c' next", "PASSWORD='[Filtered]' next");
    masks("{\"password\":\"x y\",\"n\":1}", "{\"password\":\"[Filtered]\",\"n\":1}");
    masks("authorization=Basic Zm9vOmJhcg==", "authorization=[Filtered]");
    masks("bearer abc", "bearer [Filtered]");
    masks("password=hunter2, user=jo", "password=[Filtered], user=jo");
    masks("password = hunter2", "password = [Filtered]");
    masks("a = b, token := c", "a = b, token := [Filtered]");
    masks("db password: hunter2", "db password: [Filtered]");
    masks("{\"api_key\": \"k-1\"}", "{\"api_key\": \"[Filtered]\"}");
    masks("postgres://app:pw@db/todo", "postgres://[Filtered]@db/todo");
    masks("postgres://app:p?w/x@db.example.org/todo", "postgres://[Filtered]");
    masks("GET /todos?page=2&token=x", "GET /todos?[Filtered]");
    masks("GET /todos?token: x", "GET /todos?[Filtered] [Filtered]");
    masks("eyJhbGciOi.eyJzdWIi.c2ln", "[Filtered]");
    masks("dsn app:hunter2@tcp(db:3306)/todo", "dsn [Filtered]@tcp(db:3306)/todo");
    masks("dsn app:hunter2@db.example.org/todo", "dsn [Filtered]@db.example.org/todo");
    masks("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- x", "[Filtered] x");
    masks("key: -----BEGIN PRIVATE KEY-----\nMIIE", "key: [Filtered]");
    masks("a=1&password=hunter2&b=2", "a=1&password=[Filtered]&b=2");
    masks("mail=jo@example.org&password=hunter2", "[Filtered]&password=[Filtered]");
    masks("grant_type=password&username=jo&password=hunter2", "grant_type=password&username=jo&password=[Filtered]");
    masks("password =hunter2 and password => hunter2", "password =[Filtered] and password => [Filtered]");
    masks("config:password:hunter2", "config:password:[Filtered]");
    masks("tokens: [\"hunter2\", 'x'], n", "tokens: [[Filtered]], n");
    masks("{\"token\": {\"value\": \"hunter2\"}, \"n\": 1}", "{\"token\": {[Filtered]}, \"n\": 1}");
    masks("{\"token\": {\"value\": \"}hunter2\"}, \"n\": 1}", "{\"token\": {[Filtered]}, \"n\": 1}");
    masks("Login { token: Token { inner: \"hunter2\" }, n: 1 }", "Login { token: Token {[Filtered]}, n: 1 }");
    masks("password=<hunter2> x", "password=<[Filtered]> x");
    masks("{\"password\":\"ab\\\"hunter2\"}", "{\"password\":\"[Filtered]\"}");
    masks("Authorization:Token hunter2\nHost: a", "Authorization:[Filtered]\nHost: a");
    masks("jwt=eyJhbGciOi.eyJzdWIi.c2ln.", "jwt=[Filtered]");
    masks("mailto:jo@example.org", "[Filtered]");
    masks("bearer password: hunter2", "bearer [Filtered] [Filtered]");
    masks("/fail/password=hunter2?x=1", "/fail/password=[Filtered]?[Filtered]");
    masks("[Filtered]jo@example.org", "[Filtered]");
    masks("password=4111 1111 1111 1111", "password=[Filtered]");
}

#[test]
fn escaped_secrets_are_masked_in_place() {
    masks("/fail/password%3Dhunter2", "/fail/password%3D[Filtered]");
    masks("/fail/password%253Dhunter2", "/fail/password%253D[Filtered]");
    masks("/x/Bearer%20eyJhbGciOi", "/x/Bearer%20[Filtered]");
    masks("/password%3Dhunter2/Bearer%20abc", "/password%3D[Filtered]%20[Filtered]");
    masks("/mail/alice%40example.org", "[Filtered]");
    masks("card 4111%201111%201111%201111", "card [Filtered]");
    masks(r#"body {\"password\":\"hunter2\"}"#, r#"body {\"password\":\"[Filtered]\"}"#);
    masks(r#"{\\\"password\\\":\\\"hunter2\\\",\\\"n\\\":1}"#, r#"{\\\"password\\\":\\\"[Filtered]\\\",\\\"n\\\":1}"#);
    masks(r#""seen:\neyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln""#, r#""seen:\n[Filtered]""#);
    masks(r#"Text("seen\neyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln")"#, r#"Text("seen\n[Filtered]")"#);
    masks(r"password\u003dhunter2", r"password\u003d[Filtered]");
    shows(r"C:\new\tables\names.txt is at 100%");
}

#[test]
fn credentials_of_headers_connection_strings_and_command_lines_are_masked() {
    masks("Authorization: Digest username=\"a\", response=\"hunter2\"\nHost: b", "Authorization: [Filtered]\nHost: b");
    masks("curl -H \"Authorization: Bearer abc\" -v", "curl -H \"Authorization: [Filtered]\" -v");
    masks("Password=my hunter2 pass;Encrypt=true", "Password=[Filtered];Encrypt=true");
    masks("Server=db;Password=my hunter2 pass", "Server=db;Password=[Filtered]");
    masks("AccountName=a;AccountKey=hunter2==;", "AccountName=a;AccountKey=[Filtered];");
    masks("password=hunter2 failed; it was wrong", "password=[Filtered] failed; it was wrong");
    masks("psql --password hunter2 --host db", "psql --password [Filtered] --host db");
    masks("run --token hunter2", "run --token [Filtered]");
    masks("[\"psql\", \"--password\", \"hunter2\"]", "[\"psql\", \"--password\", \"[Filtered]\"]");
    shows("psql --no-password todo");
    shows("use --token to sign in");
    masks("password: hunter2 {a}", "password: [Filtered] {a}");
    masks("otp=123456 pin=1234 cvv: 123", "otp=[Filtered] pin=[Filtered] cvv: [Filtered]");
    masks(
        "jwt: a1b2, saml=x, sso=x, identity=x",
        "jwt: [Filtered], saml=[Filtered], sso=[Filtered], identity=[Filtered]",
    );
}

#[test]
fn elements_and_pairs_are_masked() {
    masks("<password>hunter2</password>", "<password>[Filtered]</password>");
    masks("<w:Password Type=\"Text\">a b</w:Password>", "<w:Password Type=\"Text\">[Filtered]</w:Password>");
    masks("<password>hunter2", "<password>[Filtered]");
    masks("<auth><a>hunter2</a></auth> x", "<auth>[Filtered]</auth> x");
    masks("(\"x-api-key\", \"hunter2\")", "(\"x-api-key\", \"[Filtered]\")");
    masks("[[\"cookie\", \"a=b; c=d\"], [\"n\", \"1\"]]", "[[\"cookie\", \"[Filtered]\"], [\"n\", \"1\"]]");
    shows("usage: app --todo <token> <file>");
    shows("expected `Option<Token>`, found ()");
    shows("columns: [\"token\", \"name\", \"age\"]");
}

#[test]
fn the_paths_of_webhooks_are_masked() {
    masks("https://api.telegram.org/bot1:hunter2/sendMessage", "https://api.telegram.org/bot[Filtered]/sendMessage");
    masks(
        "POST https://hooks.slack.com/services/T00/B00/hunter2 failed",
        "POST https://hooks.slack.com/[Filtered] failed",
    );
    masks(
        "https://discord.com/api/webhooks/1/hunter2?wait=true",
        "https://discord.com/api/webhooks/[Filtered]?[Filtered]",
    );
    shows("https://discord.com/channels/1");
}

#[test]
fn prose_about_secrets_is_left() {
    shows("invalid signature: expected 3 parts");
    shows("invalid token: Missing header");
    shows("session: expired");
    masks("invalid password: hunter", "invalid password: [Filtered]");
    masks("signature: a1b2c3", "signature: [Filtered]");
    masks("token: \"expected\"", "token: \"[Filtered]\"");
    masks("Login { token: Token(\"hunter2\") }", "Login { token: Token(\"[Filtered]\") }");
    shows("no such todo: 17");
    shows("at src/main.rs:12:5");
    shows("https://example.org/a/b");
    shows("AUTHOR: jo, INSIDE=1");
}

#[test]
fn a_secret_is_masked_however_much_stands_before_it() {
    for secret in
        ["jo@example.org", "password=hunter2", "bearer abc", "eyJhbGciOi.eyJzdWIi.c2ln", "4111 1111 1111 1111"]
    {
        for before in [0, 1, 15, 16, 17, 1007, 1008, 1023, 1024, 1025, 5000] {
            let text = format!("{} {secret}", "x".repeat(before));
            assert!(Redaction::new().text(&text).ends_with(FILTERED), "{secret} behind {before}");
        }
    }
}

#[test]
fn nothing_is_masked_when_it_is_off() {
    assert_eq!(Redaction::off().text("password=hunter2"), "password=hunter2");
    assert_eq!(Redaction::off().head("password=hunter2", 12), "password=hun");
}

#[test]
fn a_secret_that_a_cut_goes_through_is_masked_as_a_whole() {
    for (text, longest, expected) in [
        ("a postgres://admin:hunter2@db/todo", 26, "a postgres://[Filtered]"),
        ("key AKIAIOSFODNN7EXAMPLE", 23, "key [Filtered]"),
        ("card 4111 1111 1111 1111", 23, "card [Filtered]"),
        ("a long text with pin=1", 21, "a long text with pin="),
        ("no secret at all", 9, "no secret"),
        ("é", 1, ""),
    ] {
        assert_eq!(Redaction::new().head(text, longest), expected);
    }
}

#[test]
fn a_rule_never_masks_what_is_masked_and_one_that_goes_on_for_ever_masks_everything() {
    let letter = Redaction::new().rule(|text| text.find('l').map(|at| at..at + 1));
    assert_eq!(letter.text("a hill [Filtered]"), "a hi[Filtered] [Filtered]");
    assert_eq!(letter.text("a hi[Filtered] [Filtered]"), "a hi[Filtered] [Filtered]");
    let between = Redaction::new().rule(|text| Some(text.find("ID ")? + 3..text.find(" !")?));
    assert_eq!(between.text("ID 7 !"), "ID [Filtered] !");
    assert_eq!(between.text("ID [Filtered] !"), "ID [Filtered] !");
    let growing = Redaction::new().rule(|text| text.ends_with('x').then_some(0..1));
    assert_eq!(growing.text("abx"), FILTERED);
}

#[test]
fn values_of_secret_keys_are_masked_in_json() {
    let mut value = serde_json::json!({
        "order": {"id": 7, "accessToken": "t", "pwd": 1, "mail": "a@b.org"}, "headers": [["cookie", "a=b"], ["n", "1"]],
    });
    Redaction::new().json("", &mut value);
    let expected = serde_json::json!({
        "order": {"id": 7, "accessToken": "[Filtered]", "pwd": "[Filtered]", "mail": "[Filtered]"},
        "headers": [["cookie", "[Filtered]"], ["n", "1"]],
    });
    assert_eq!(value, expected);
}
