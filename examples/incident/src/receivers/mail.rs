//! A mail server, as much of RFC 5321 as a client without TLS needs.

use jiff::Timestamp;
use monitor_kit::alert::Transition;
use tokio::{
    io::{self, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use super::inbox::{Inbox, Received, Receiver};

/// Accepts every mail of an alert.
#[derive(Debug)]
pub(super) struct MailServer(Inbox);

/// The progress of a mail within a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Progress {
    Nothing,
    Sender,
    Recipient,
}

impl MailServer {
    pub(super) fn new(inbox: Inbox) -> Self {
        Self(inbox)
    }

    /// Serves each connection in a task of its own.
    pub(super) async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let inbox = self.0.clone();
            tokio::spawn(async move { session(stream, &inbox).await });
        }
    }
}

/// Serves one connection until the client quits.
async fn session(stream: impl AsyncRead + AsyncWrite + Unpin, inbox: &Inbox) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    reply(&mut stream, "220 drill.example ready").await?;
    let mut progress = Progress::Nothing;
    while let Some(command) = line(&mut stream).await? {
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (verb.as_str(), progress) {
            ("EHLO" | "HELO" | "RSET", _) => {
                progress = Progress::Nothing;
                "250 drill.example"
            }
            ("NOOP", _) => "250 ok",
            ("MAIL", Progress::Nothing) => {
                progress = Progress::Sender;
                "250 ok"
            }
            ("RCPT", Progress::Sender | Progress::Recipient) => {
                progress = Progress::Recipient;
                "250 ok"
            }
            ("DATA", Progress::Recipient) => {
                reply(&mut stream, "354 end with a dot on a line of its own").await?;
                let Some(mail) = mail(&mut stream).await? else { return Ok(()) };
                progress = Progress::Nothing;
                take(inbox, Timestamp::now(), &mail)
            }
            ("MAIL" | "RCPT" | "DATA", _) => "503 bad sequence of commands",
            ("QUIT", _) => return reply(&mut stream, "221 bye").await,
            _ => "500 unknown command",
        };
        reply(&mut stream, answer).await?;
    }
    Ok(())
}

/// Takes a mail in, and returns the reply to it.
fn take(inbox: &Inbox, at: Timestamp, mail: &[String]) -> &'static str {
    let Some(title) = title(mail) else {
        inbox.refuse(Receiver::Mail, "its subject is not that of an alert");
        return "554 not an alert";
    };
    // Both forms of the text have it; the plain one has it at the beginning of a line.
    let is_end = mail.iter().any(|line| line.starts_with("RESOLVED: "));
    let transition = if is_end { Transition::Resolved } else { Transition::Triggered };
    inbox.accept(Received { at, receiver: Receiver::Mail, transition, title });
    "250 queued"
}

/// Returns the title in the subject, which is behind `[service/environment]`.
fn title(mail: &[String]) -> Option<String> {
    let mut lines = mail.iter().take_while(|line| !line.is_empty()).skip_while(|line| !line.starts_with("Subject: "));
    let first = lines.next()?.strip_prefix("Subject: ")?;
    // A long header goes on in lines that begin with a space.
    let rest = lines.take_while(|line| line.starts_with([' ', '\t'])).map(|line| line.trim_start());
    let subject = [first].into_iter().chain(rest).collect::<Vec<_>>().join(" ");
    subject.strip_prefix('[')?.split_once("] ").map(|(_, title)| title.to_owned())
}

/// Reads the lines of a mail, up to the line that ends it. Returns `None` if the connection breaks.
async fn mail(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<Vec<String>>> {
    let mut lines = Vec::new();
    while let Some(line) = line(stream).await? {
        match line.strip_prefix('.') {
            Some("") => return Ok(Some(lines)),
            // A dot at the beginning of a line is doubled on its way.
            Some(rest) => lines.push(rest.to_owned()),
            None => lines.push(line),
        }
    }
    Ok(None)
}

/// Reads a line without its end. Returns `None` at the end of the connection.
async fn line(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn reply(stream: &mut (impl AsyncWrite + Unpin), reply: &str) -> io::Result<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests;
