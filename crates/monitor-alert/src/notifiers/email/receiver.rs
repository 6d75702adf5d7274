//! A mail server on the loopback interface, for tests.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

/// Replies by the beginning of a command, before those of [`DEFAULTS`]. The greeting replies to ``, the reply to a mail
/// to `.`.
pub(super) type Replies = &'static [(&'static str, &'static str)];

/// Serves one connection on a thread of its own.
pub(super) struct Receiver {
    pub(super) port: u16,
    sessions: mpsc::Receiver<Transcript>,
}

/// What a client sent.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    pub(super) commands: Vec<String>,
    pub(super) mail: String,
}

/// The certificate of a receiver, signed by itself.
pub(super) struct Identity {
    /// The certificate in PEM, which a client trusts.
    pub(super) pem: String,
    config: Arc<ServerConfig>,
}

impl Receiver {
    pub(super) fn plain(replies: Replies) -> Self {
        Self::start(move |stream| serve(stream, None, replies))
    }

    pub(super) fn start_tls(identity: &Identity, replies: Replies) -> Self {
        let config = Arc::clone(&identity.config);
        Self::start(move |stream| serve(stream, Some(&config), replies))
    }

    pub(super) fn tls(identity: &Identity, replies: Replies) -> Self {
        let config = Arc::clone(&identity.config);
        Self::start(move |stream| serve(encrypted(stream, &config), None, replies))
    }

    pub(super) fn start(serve: impl FnOnce(TcpStream) -> Transcript + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (sender, sessions) = mpsc::channel();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || sender.send(serve(listener.accept().unwrap().0)));
        Self { port, sessions }
    }

    /// Waits for the end of the connection.
    pub(super) fn transcript(&self) -> Transcript {
        self.sessions.recv().expect("the receiver has served a connection")
    }
}

impl Identity {
    pub(super) fn new() -> Self {
        let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
        Self { pem: signed.cert.pem(), config: Arc::new(config) }
    }
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn encrypted<S: Read + Write>(stream: S, config: &Arc<ServerConfig>) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

/// Replies to each command until the client leaves. With a configuration, the command STARTTLS encrypts the connection.
fn serve(stream: impl Stream + 'static, tls: Option<&Arc<ServerConfig>>, replies: Replies) -> Transcript {
    let mut stream: Box<dyn Stream> = Box::new(stream);
    let mut transcript = Transcript::default();
    let mut command = String::new();
    while reply(&mut stream, &command, replies).is_ok() {
        if let ("STARTTLS", Some(config)) = (&*command, tls) {
            stream = Box::new(encrypted(stream, config));
        }
        if command == "DATA" && transcript.mail.is_empty() {
            let lines = std::iter::from_fn(|| line(&mut stream).ok()).take_while(|line| line != ".");
            // A dot at the beginning of a line is doubled on its way.
            transcript.mail = lines.map(|line| format!("{}\n", line.strip_prefix('.').unwrap_or(&line))).collect();
            command = ".".to_owned();
            continue;
        }
        let Ok(next) = line(&mut stream) else { break };
        command = next;
        transcript.commands.push(command.clone());
    }
    transcript
}

/// Sends the reply to a command. An empty reply closes the connection.
fn reply(stream: &mut dyn Stream, command: &str, replies: Replies) -> io::Result<()> {
    let is_of = |begin: &str| if begin.is_empty() { command.is_empty() } else { command.starts_with(begin) };
    let reply = replies.iter().chain(DEFAULTS).find(|(begin, _)| is_of(begin)).map_or("500 what?", |(_, reply)| reply);
    if reply.is_empty() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    stream.write_all(format!("{reply}\r\n").as_bytes())?;
    stream.flush()
}

/// Reads one line, and nothing behind it: what follows may be encrypted.
fn line(stream: &mut dyn Stream) -> io::Result<String> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    Ok(String::from_utf8(line).unwrap().trim_end_matches(['\r', '\n']).to_owned())
}

const DEFAULTS: Replies = &[
    ("", "220 mail.example.com ready"),
    ("EHLO", "250-mail.example.com\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN"),
    ("STARTTLS", "220 go ahead"),
    ("AUTH", "235 welcome"),
    ("MAIL", "250 ok"),
    ("RCPT", "250 ok"),
    ("DATA", "354 go ahead"),
    (".", "250 queued"),
    ("QUIT", "221 bye"),
];
