//! A mail server, as its URL names it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Uri;
use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, TlsParameters},
};
use percent_encoding::percent_decode_str;

use crate::http::NotifierError;

pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) tls: TlsParameters,
    pub(super) credentials: Option<Credentials>,
    /// What no error may show: the password, and the forms in which it is sent.
    pub(super) secrets: Vec<String>,
    roots: Vec<Certificate>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encryption {
    /// TLS from the beginning of the connection.
    Tls,
    /// TLS after a command. A server without it is refused.
    StartTls,
    None,
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self, NotifierError> {
        let uri: Uri = url.parse().map_err(|_| NotifierError::new(FORMAT))?;
        let host = uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned());
        let host = host.filter(|host| !host.is_empty()).ok_or_else(|| NotifierError::new(FORMAT))?;
        let encryption = encryption(&uri).ok_or_else(|| NotifierError::new(FORMAT))?;
        let login = login(&uri)?;
        if login.is_some() && encryption == Encryption::None {
            return Err(NotifierError::new(
                "a password for e-mails needs an encrypted connection: remove `tls=none`, or the user and the password",
            ));
        }
        Ok(Self {
            port: uri.port_u16().unwrap_or_else(|| encryption.port()),
            encryption,
            tls: tls(&host, &[])?,
            secrets: login.iter().flat_map(|(user, password)| secrets(user, password)).collect(),
            credentials: login.map(|(user, password)| Credentials::new(user, password)),
            roots: Vec::new(),
            host,
        })
    }

    /// Trusts the certificates that `pem` signs.
    pub(super) fn trust(&mut self, pem: &str) -> Result<(), NotifierError> {
        let refused = || NotifierError::new("the root certificate of a mail server is invalid: write it in PEM");
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(refused());
        }
        self.roots.push(Certificate::from_pem(pem.as_bytes()).map_err(|_| refused())?);
        self.tls = tls(&self.host, &self.roots).map_err(|_| refused())?;
        Ok(())
    }
}

impl Encryption {
    const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

fn encryption(uri: &Uri) -> Option<Encryption> {
    if !matches!(uri.path(), "" | "/") {
        return None;
    }
    match (uri.scheme_str()?, uri.query()) {
        ("smtps", None) => Some(Encryption::Tls),
        // `tls=required` is lettre's way to write it.
        ("smtp", None | Some("tls=required")) => Some(Encryption::StartTls),
        ("smtp", Some("tls=none")) => Some(Encryption::None),
        _ => None,
    }
}

/// Returns the user and the password.
fn login(uri: &Uri) -> Result<Option<(String, String)>, NotifierError> {
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let Some((userinfo, _)) = authority.rsplit_once('@') else { return Ok(None) };
    let decoded = |text| percent_decode_str(text).decode_utf8().map(String::from).ok();
    let login = userinfo.split_once(':').and_then(|(user, password)| Some((decoded(user)?, decoded(password)?)));
    let login = login.filter(|(user, password)| !user.is_empty() && !password.is_empty());
    login.map(Some).ok_or_else(|| NotifierError::new(FORMAT))
}

/// Returns the password and its forms in the commands of SMTP.
fn secrets(user: &str, password: &str) -> [String; 3] {
    [password.to_owned(), STANDARD.encode(password), STANDARD.encode(format!("\0{user}\0{password}"))]
}

fn tls(host: &str, roots: &[Certificate]) -> Result<TlsParameters, NotifierError> {
    let builder = TlsParameters::builder(host.to_owned());
    let builder = roots.iter().cloned().fold(builder, |builder, root| builder.add_root_certificate(root));
    builder.build().map_err(|_| NotifierError::new("no TLS connection to the mail server can be set up"))
}

const FORMAT: &str = "the URL of a mail server must be like `smtps://user:password@mail.example.com`, \
                      `smtp://user:password@mail.example.com` for STARTTLS, or `smtp://localhost:25?tls=none`, with \
                      special characters of the user and the password percent-encoded";

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        Server::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn a_url_names_host_port_and_encryption() {
        for (url, host, port, encryption) in [
            ("smtps://mail.example.com", "mail.example.com", 465, Encryption::Tls),
            ("smtps://a:b@mail.example.com:4465/", "mail.example.com", 4465, Encryption::Tls),
            ("smtp://mail.example.com", "mail.example.com", 587, Encryption::StartTls),
            ("smtp://a:b@mail.example.com:25?tls=required", "mail.example.com", 25, Encryption::StartTls),
            ("smtp://[::1]:2525?tls=none", "::1", 2525, Encryption::None),
            ("smtp://localhost?tls=none", "localhost", 25, Encryption::None),
        ] {
            let server = server(url);
            assert_eq!((&*server.host, server.port, server.encryption), (host, port, encryption), "{url}");
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let expected = Credentials::new("ada@example.com".to_owned(), "p:w/ä".to_owned());
        assert_eq!(server("smtps://ada%40example.com:p%3Aw%2F%C3%A4@mail").credentials, Some(expected));
        assert_eq!(server("smtps://mail").credentials, None);
    }

    #[test]
    fn another_url_is_refused_without_being_shown() {
        for url in [
            "",
            "mail.example.com",
            "https://a:hunter2@mail",
            "smtps://a:hunter2@",
            "smtps://hunter2@mail",
            "smtps://:hunter2@mail",
            "smtps://a:@mail",
            "smtps://a:hunter2@mail/path",
            "smtps://a:hunter2@mail?tls=none",
            "smtp://a:hunter2@mail?tls=none",
            "smtp://a:hunter2@mail?tls=opportunistic",
            "smtps://a:hunter2%FF@mail",
            "smtps://a:hunter2 @mail",
        ] {
            let Err(error) = Server::parse(url) else { panic!("{url}") };
            assert!(!error.to_string().contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn a_root_certificate_that_is_none_is_refused() {
        let invalid = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "company", "-----BEGIN CERTIFICATE-----", invalid] {
            assert!(server("smtps://mail").trust(pem).is_err(), "{pem:?}");
        }
    }
}
