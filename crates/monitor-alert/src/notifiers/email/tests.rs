use std::{collections::BTreeMap, net::TcpListener, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::{
    receiver::{Identity, Receiver, Replies, Transcript},
    *,
};
use crate::{
    alert::{Alert, Severity, Transition},
    notifiers::example,
};

const TO: [&str; 2] = ["Ada <ada@example.com>", "bob@example.com"];

fn email(url: &str) -> Email {
    Email::new(url, "Alerts <alerts@example.com>", TO).unwrap()
}

fn plain(receiver: &Receiver) -> Email {
    email(&format!("smtp://127.0.0.1:{}?tls=none", receiver.port))
}

/// Delivers to a receiver with these replies. Returns what an error says, and whether it is permanent.
fn outcome(replies: Replies) -> Result<(), (bool, String)> {
    let result = plain(&Receiver::plain(replies)).deliver(&example::notification());
    result.map_err(|error| (error.is_permanent(), error.to_string()))
}

fn changed(change: impl FnOnce(&mut Notification, &mut Alert)) -> Notification {
    let (mut notification, mut alert) = (example::notification(), example::alert());
    change(&mut notification, &mut alert);
    notification.alert = alert.into();
    notification
}

fn format(notification: &Notification) -> String {
    let Email { from, to, .. } = email("smtps://mail.example.com");
    let date = notification.alert.at + Duration::from_secs(1);
    String::from_utf8(message::format(notification, &from, &to, date).unwrap()).unwrap()
}

/// Returns the headers of a mail, unfolded, in lower case.
fn headers(mail: &str) -> BTreeMap<String, String> {
    let head = mail.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ");
    let pairs: Vec<_> = head.split("\r\n").map(|line| line.split_once(": ").unwrap()).collect();
    let headers: BTreeMap<_, _> =
        pairs.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned())).collect();
    assert_eq!(headers.len(), pairs.len(), "a header stands twice: {head}");
    headers
}

#[test]
fn an_alert_is_the_golden_mail() {
    let notification = changed(|notification, _| {
        notification.acknowledge_url = Some("https://shop.example.org/ack/1.2.email.x-_".to_owned());
    });
    assert_eq!(format(&notification).replace("\r\n", "\n"), include_str!("golden.eml"));
}

#[test]
fn a_mail_goes_to_each_recipient_in_one_session() {
    let receiver = Receiver::plain(&[]);
    plain(&receiver).deliver(&example::notification()).unwrap();
    let Transcript { commands, mail } = receiver.transcript();
    assert_eq!(
        commands,
        [
            "EHLO example.com",
            "MAIL FROM:<alerts@example.com>",
            "RCPT TO:<ada@example.com>",
            "RCPT TO:<bob@example.com>",
            "DATA",
            "QUIT"
        ]
    );
    let without_date = |mail: &str| {
        mail.lines().filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    };
    assert_eq!(without_date(&mail), without_date(&format(&example::notification())));
}

#[test]
fn all_mails_of_an_alert_are_one_conversation() {
    let triggered = headers(&format(&example::notification()));
    let resolved = headers(&format(&changed(|notification, _| {
        notification.transition = Transition::Resolved;
        notification.id = "another".to_owned();
    })));
    let other = headers(&format(&changed(|_, alert| alert.key = "another".to_owned())));
    for name in ["references", "in-reply-to", "subject"] {
        assert_eq!(triggered[name], resolved[name], "{name}");
    }
    assert_ne!(triggered["references"], other["references"]);
    assert_ne!(triggered["message-id"], resolved["message-id"]);
}

#[test]
fn a_message_id_is_the_same_in_each_attempt_and_another_on_the_next_day() {
    let id = |attempt, days: u64| {
        headers(&format(&changed(|notification, alert| {
            notification.attempt = attempt;
            alert.at += Duration::from_secs(days * 24 * 60 * 60);
        })))["message-id"]
            .clone()
    };
    assert_eq!(id(1, 0), id(2, 0));
    assert_ne!(id(1, 0), id(1, 1));
}

#[test]
fn the_text_begins_with_the_state() {
    let begin = |transition, severity| {
        let notification = changed(|notification, alert| {
            notification.transition = transition;
            alert.severity = severity;
        });
        assert!(html::page(&notification).contains(&format!(">{}</p>", content::state(&notification))));
        plain::text(&notification).split(": ").next().unwrap().to_owned()
    };
    assert_eq!(begin(Transition::Triggered, Severity::Warning), "WARNING");
    assert_eq!(begin(Transition::Triggered, Severity::Critical), "CRITICAL");
    assert_eq!(begin(Transition::Resolved, Severity::Critical), "RESOLVED");
}

#[test]
fn a_link_that_acknowledges_the_alert_is_in_both_texts() {
    let url = "https://shop.example.org/ack/1.2.email.x-_";
    let notification = changed(|notification, _| notification.acknowledge_url = Some(url.to_owned()));
    assert!(plain::text(&notification).ends_with(&format!(":\n{url}\n")));
    assert!(html::page(&notification).contains(&format!("<a href=\"{url}\"")));
    assert!(
        !html::page(&example::notification()).contains("href")
            && !plain::text(&example::notification()).contains("http")
    );
}

#[test]
fn facts_beyond_the_thirtieth_are_counted() {
    let notification = changed(|_, alert| alert.facts = vec![("name".to_owned(), "value".to_owned()); 33]);
    assert_eq!(plain::text(&notification).matches("\nname\n    value\n").count(), 30);
    assert!(plain::text(&notification).contains("\n3 more facts\n"));
    assert_eq!(html::page(&notification).matches("<tr>").count(), 30);
    assert!(html::page(&notification).contains(">3 more facts<"));
}

#[test]
fn no_text_of_an_alert_adds_a_header_a_part_or_markup() {
    let hostile =
        "a\r\nBcc: eve@example.com\r\n\r\n<script>x</script>\r\n.\r\n--=_5f2b8f0e6c1d4b7a9e3d2c1b0a998877--\r\nb\"'>&";
    let notification = changed(|_, alert| {
        for text in [&mut alert.title, &mut alert.service, &mut alert.environment, &mut alert.release] {
            *text = hostile.to_owned();
        }
        alert.facts = vec![(hostile.to_owned(), hostile.to_owned())];
    });
    let mail = format(&notification);
    let names: Vec<_> = headers(&mail).into_keys().collect();
    assert_eq!(
        names,
        [
            "auto-submitted",
            "content-type",
            "date",
            "from",
            "in-reply-to",
            "message-id",
            "mime-version",
            "references",
            "subject",
            "to"
        ]
    );
    assert_eq!(mail.matches("\n--=_5f2b8f0e6c1d4b7a9e3d2c1b0a998877").count(), 3, "{mail}");
    assert!(!html::page(&notification).contains("<script") && !html::page(&notification).contains("b\"'"));
    let receiver = Receiver::plain(&[]);
    plain(&receiver).deliver(&notification).unwrap();
    assert_eq!(receiver.transcript().commands.len(), 6, "no line ended the mail early");
}

#[test]
fn replies_of_the_server_are_delivered_retried_or_given_up() {
    for (command, reply, is_permanent, text) in [
        ("", "421 4.3.2 closing", false, "127.0.0.1 refused the connection with 421 (4.3.2 closing)"),
        ("", "554 no", true, "127.0.0.1 refused the connection with 554 (no)"),
        (
            "MAIL",
            "530 5.7.0 authentication required",
            true,
            "127.0.0.1 refused the sender with 530 (5.7.0 authentication required): check the sender's address, and \
             whether the server wants a user and a password",
        ),
        ("MAIL", "451 later", false, "127.0.0.1 refused the sender with 451 (later)"),
        ("RCPT", "450 busy", false, "127.0.0.1 refused a recipient with 450 (busy)"),
        (
            "RCPT",
            "550 unknown",
            true,
            "127.0.0.1 refused a recipient with 550 (unknown): check the address, and whether the server wants a user \
             and a password",
        ),
        ("DATA", "452 full", false, "127.0.0.1 refused the mail with 452 (full)"),
        (".", "554 5.7.1 spam", true, "127.0.0.1 refused the mail with 554 (5.7.1 spam)"),
        (
            ".",
            "451-4.7.1 wait\r\n451 4.7.1 a minute",
            false,
            "127.0.0.1 refused the mail with 451 (4.7.1 wait a minute)",
        ),
    ] {
        let replies: Replies = Box::leak(Box::new([(command, reply)]));
        assert_eq!(outcome(replies), Err((is_permanent, text.to_owned())), "{command} {reply}");
    }
    assert_eq!(outcome(&[(".", "250 queued")]), Ok(()));
}

#[test]
fn a_recipient_that_is_refused_does_not_keep_the_mail_from_the_others() {
    let receiver = Receiver::plain(&[("RCPT TO:<bob", "450 busy")]);
    plain(&receiver).deliver(&example::notification()).unwrap();
    assert!(receiver.transcript().mail.contains("Subject: "));
}

#[test]
fn a_session_returns_the_recipients_that_were_refused() {
    let receiver = Receiver::plain(&[("RCPT TO:<bob", "450 busy")]);
    let Email { server, from, to, timeout, .. } = plain(&receiver);
    let refused = Session::open(&server, "example.com", timeout).unwrap().send(&from, &to, b"Subject: hi").unwrap();
    let refused: Vec<_> = refused.iter().map(|(number, error)| (*number, error.to_string())).collect();
    assert_eq!(refused, [(2, "127.0.0.1 refused a recipient with 450 (busy)".to_owned())]);
}

#[test]
fn a_mail_without_a_recipient_is_retried_if_one_may_be_accepted_later() {
    let (is_permanent, text) = outcome(&[("RCPT TO:<ada", "550 unknown"), ("RCPT TO:<bob", "450 busy")]).unwrap_err();
    assert_eq!((is_permanent, &*text), (false, "127.0.0.1 refused a recipient with 450 (busy)"));
}

#[test]
fn a_server_that_ends_the_session_after_the_mail_has_accepted_it() {
    assert_eq!(outcome(&[("QUIT", "")]), Ok(()));
}

#[test]
fn a_connection_that_breaks_is_retried() {
    for command in ["MAIL", "RCPT TO:<bob", "DATA", "."] {
        let expected = (false, "127.0.0.1 broke off the session".to_owned());
        assert_eq!(outcome(Box::leak(Box::new([(command, "")]))), Err(expected), "{command}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = email(&format!("smtps://127.0.0.1:{port}")).deliver(&example::notification()).unwrap_err();
    assert!(!error.is_permanent() && error.to_string().contains("refused"), "{error}");
}

#[test]
fn another_protocol_is_retried() {
    for greeting in ["", "SSH-2.0-OpenSSH_9.2", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0"] {
        let expected = (false, "127.0.0.1 did not answer by SMTP: check the port".to_owned());
        assert_eq!(outcome(Box::leak(Box::new([("", greeting)]))), Err(expected), "{greeting}");
    }
}

#[test]
fn a_server_that_hangs_runs_into_the_time_out_of_at_least_10_ms() {
    let timeout = Duration::from_millis(50);
    for (scheme, query, timeout, shown) in [
        ("smtp", "?tls=none", timeout, "50ms"),
        ("smtps", "", timeout, "50ms"),
        ("smtp", "?tls=none", Duration::ZERO, "10ms"),
    ] {
        let receiver = Receiver::start(|mut stream| {
            _ = std::io::copy(&mut stream, &mut std::io::sink());
            Transcript::default()
        });
        let url = format!("{scheme}://127.0.0.1:{}{query}", receiver.port);
        let error = email(&url).timeout(timeout).deliver(&example::notification()).unwrap_err();
        assert_eq!(
            (error.is_permanent(), error.to_string()),
            (false, format!("no answer from 127.0.0.1 within {shown}"))
        );
    }
}

#[test]
fn a_login_goes_through_tls_from_the_beginning_or_by_starttls() {
    let identity = Identity::new();
    for (receiver, scheme) in [(Receiver::tls(&identity, &[]), "smtps"), (Receiver::start_tls(&identity, &[]), "smtp")]
    {
        let url = format!("{scheme}://ada:hunter2@127.0.0.1:{}", receiver.port);
        email(&url).root_certificate(&identity.pem).unwrap().deliver(&example::notification()).unwrap();
        let Transcript { commands, mail } = receiver.transcript();
        let login = format!("AUTH PLAIN {}", STANDARD.encode("\0ada\0hunter2"));
        assert!(commands.contains(&login) && mail.contains("Subject: "), "{scheme}: {commands:?}");
        let start_tls = commands.iter().position(|command| command == "STARTTLS");
        assert_eq!(start_tls, if scheme == "smtp" { Some(1) } else { None });
    }
}

#[test]
fn a_certificate_that_is_not_trusted_gets_no_login_and_is_retried() {
    let identity = Identity::new();
    let receiver = Receiver::start_tls(&identity, &[]);
    let url = format!("smtp://ada:hunter2@127.0.0.1:{}", receiver.port);
    let error = email(&url).deliver(&example::notification()).unwrap_err();
    assert!(!error.is_permanent() && error.to_string().contains("certificate"), "{error}");
    assert_eq!(receiver.transcript().commands, ["EHLO example.com", "STARTTLS"]);
}

#[test]
fn a_server_without_starttls_gets_neither_mail_nor_password() {
    let receiver = Receiver::plain(&[("EHLO", "250-mail.example.com\r\n250 AUTH PLAIN")]);
    let url = format!("smtp://ada:hunter2@127.0.0.1:{}", receiver.port);
    let error = email(&url).deliver(&example::notification()).unwrap_err();
    let text = "127.0.0.1 offers no STARTTLS: check the port, or try `smtps://`";
    assert_eq!((error.is_permanent(), &*error.to_string()), (false, text));
    assert_eq!(receiver.transcript().commands, ["EHLO example.com", "QUIT"]);
}

/// Returns what the error of a login says, and whether it is permanent.
fn failed_login(replies: Replies) -> (bool, String) {
    let identity = Identity::new();
    let receiver = Receiver::tls(&identity, replies);
    let url = format!("smtps://ada:hunter2@127.0.0.1:{}", receiver.port);
    let error = email(&url).root_certificate(&identity.pem).unwrap().deliver(&example::notification()).unwrap_err();
    (error.is_permanent(), error.to_string())
}

#[test]
fn a_wrong_password_is_given_up_and_a_login_server_that_is_down_is_not() {
    let text = "127.0.0.1 refused the login with 535 (5.7.8 bad credentials): check the user and the password";
    assert_eq!(failed_login(&[("AUTH", "535 5.7.8 bad credentials")]), (true, text.to_owned()));
    let text = "127.0.0.1 refused the login with 454 (4.7.0 try again)";
    assert_eq!(failed_login(&[("AUTH", "454 4.7.0 try again")]), (false, text.to_owned()));
    let text = "127.0.0.1 accepts no login by PLAIN or LOGIN: check the port";
    assert_eq!(failed_login(&[("EHLO", "250-hi\r\n250 AUTH CRAM-MD5")]), (false, text.to_owned()));
}

#[test]
fn the_password_is_never_shown() {
    let shown = format!("{:?}", email("smtps://ada:hunter2@mail.example.com").name("oncall"));
    assert_eq!(shown, "Email { name: \"oncall\", host: \"mail.example.com\", .. }");
    for reply in ["535 hunter2 is wrong", "535 aHVudGVyMg== is wrong", "535 AGFkYQBodW50ZXIy is wrong"] {
        let text = "127.0.0.1 refused the login with 535: check the user and the password";
        assert_eq!(failed_login(Box::leak(Box::new([("AUTH", reply)]))), (true, text.to_owned()), "{reply}");
    }
}

#[test]
fn a_wrong_address_is_refused_without_being_shown() {
    let new =
        |from: &str, to: &[&str]| Email::new("smtps://mail.example.com", from, to).map_err(|error| error.to_string());
    let good = "ada@example.com";
    for address in
        ["", "hunter2", "hunter2@", "smtps://ada:hunter2@mail", "hunter2ä@example.com", "a@b\r\nBcc: hunter2@c"]
    {
        let sender = new(address, &[good]).unwrap_err();
        assert!(sender.starts_with("the sender of e-mails") && !sender.contains("hunter2"), "{address}: {sender}");
        let recipient = new(good, &[good, address]).unwrap_err();
        assert!(
            recipient.starts_with("recipient 2 of e-mails") && !recipient.contains("hunter2"),
            "{address}: {recipient}"
        );
    }
    assert!(new(good, &[]).unwrap_err().contains("no recipient"));
    assert!(
        new("Zoë, \"on call\" <zoe@example.com>", &[good]).is_err() && new("Zoë <zoe@example.com>", &[good]).is_ok()
    );
}

#[test]
fn a_wrong_clock_and_the_longest_time_out_do_no_harm() {
    let Email { from, to, .. } = email("smtps://mail.example.com");
    let never = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
    assert!(message::format(&changed(|_, alert| alert.at = never), &from, &to, never).is_ok());
    assert!(plain(&Receiver::plain(&[])).timeout(Duration::MAX).deliver(&example::notification()).is_ok());
}

/// Texts with many special characters, and of any length.
fn any_text() -> impl Strategy<Value = String> {
    let long = ("[<a😀é. =]{1,2}", 0..60_000_usize).prop_map(|(piece, count)| piece.repeat(count));
    prop_oneof![any::<String>(), "[<>&\"'@.=\r\n\u{202e}\u{1b}😀é]{0,40}", long]
}

proptest! {
    #[test]
    fn every_alert_is_a_mail_that_each_server_accepts(
        title in any_text(),
        facts in proptest::collection::vec((any_text(), any_text()), 0..4),
        [service, environment, release] in [any_text(), any_text(), any_text()],
    ) {
        let notification = changed(|_, alert| {
            *alert = Alert { title, facts, service, environment, release, ..example::alert() };
        });
        let mail = format(&notification);
        prop_assert!(mail.is_ascii() && mail.len() < 200_000, "{} bytes", mail.len());
        prop_assert!(mail.split("\r\n").all(|line| line.len() < 999 && !line.contains(['\r', '\n', '\0'])));
        prop_assert_eq!(headers(&mail).len(), 10);
        let tags = |notification: &Notification| html::page(notification).matches('<').count();
        let without_facts = tags(&changed(|_, alert| alert.facts.clear()));
        prop_assert_eq!(tags(&notification), without_facts + TAGS_OF_A_FACT * notification.alert.facts.len());
    }
}

const TAGS_OF_A_FACT: usize = 6;
