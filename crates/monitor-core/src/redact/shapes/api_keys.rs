//! Keys of well-known services, known by what they begin with.

/// Returns the length of the key that `piece` begins with.
pub(super) fn known_key(piece: &str) -> Option<usize> {
    let first = *piece.as_bytes().first()?;
    let is_known = || KEYS.iter().any(|prefix| prefix.as_bytes()[0] == first && piece.starts_with(prefix));
    let length = piece.find(':').unwrap_or(piece.len());
    if length >= SHORTEST_KEY && is_known() { Some(length) } else { amazon_key(piece) }
}

fn amazon_key(piece: &str) -> Option<usize> {
    let is_begin = piece.starts_with("AKIA") || piece.starts_with("ASIA");
    let end = || piece.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(piece.len());
    let is_upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (is_begin && end() == AMAZON && piece[..AMAZON].bytes().all(is_upper)).then_some(AMAZON)
}

/// Returns the length of the token of a Telegram bot that `piece` begins with: a number, a colon, a secret.
pub(super) fn bot_token(piece: &str) -> Option<usize> {
    let (number, secret) = piece.split_once(':')?;
    let digits = number.strip_prefix("bot").unwrap_or(number);
    let is_number = (6..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let length = secret.bytes().take_while(is_part).count();
    (is_number && length >= BOT_SECRET).then_some(number.len() + 1 + length)
}

/// What keys begin with: of Stripe, GitHub, GitLab, Slack, Google, SendGrid, npm, PyPI, DigitalOcean, Shopify, OpenAI,
/// Anthropic, Hugging Face, Twilio and Sentry.
const KEYS: [&str; 32] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "pk_live_",
    "whsec_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AIza",
    "ya29.",
    "SG.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
    "shpss_",
    "sk-proj-",
    "sk-ant-",
    "hf_",
    "SK0",
    "sntrys_",
    "sntryu_",
];

const SHORTEST_KEY: usize = 20;
const AMAZON: usize = 20;
const BOT_SECRET: usize = 30;
