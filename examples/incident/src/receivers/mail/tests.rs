//! Sessions of the mail server, from the client's side.

use tokio::io::{AsyncReadExt, duplex};

use super::*;

/// Sends all commands of a session, and returns all replies.
async fn replies(inbox: &Inbox, commands: &str) -> String {
    let (mut client, server) = duplex(64 * 1024);
    client.write_all(commands.replace('\n', "\r\n").as_bytes()).await.expect("a buffer large enough");
    client.shutdown().await.expect("an open connection");
    session(server, inbox).await.expect("a whole session");
    let mut replies = String::new();
    client.read_to_string(&mut replies).await.expect("text");
    replies.lines().map(|line| line.get(..3).unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_mail_of_an_alert_is_taken_in_with_its_folded_title() {
    let inbox = Inbox::default();
    let mail = "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nDate: today\nSubject: [todo-api/drill] New issue: \
                panic\n in /error\nTo: c@d\n\nRESOLVED: New issue\n..\n.\nQUIT\n";
    assert_eq!(replies(&inbox, mail).await, "220 250 250 250 354 250 221");
    let accepted = inbox.accepted();
    assert_eq!(accepted.len(), 1, "{accepted:?}");
    assert_eq!(accepted[0].title, "New issue: panic in /error");
    assert_eq!((accepted[0].receiver, accepted[0].transition), (Receiver::Mail, Transition::Resolved));
}

#[tokio::test]
async fn commands_out_of_order_and_other_mails_are_refused() {
    let inbox = Inbox::default();
    let session = "DATA\nRCPT TO:<c@d>\nMAIL FROM:<a@b>\nDATA\nVRFY x\nRSET\nRCPT TO:<c@d>\nMAIL FROM:<a@b>\n\
                   RCPT TO:<c@d>\nDATA\nSubject: Lunch?\n\nRESOLVED: hunger\n.\n";
    assert_eq!(replies(&inbox, session).await, "220 503 503 250 503 500 250 503 250 250 354 554");
    assert!(inbox.accepted().is_empty());
    assert_eq!(inbox.refused(), ["the mail server refuses an alert: its subject is not that of an alert"]);
}
