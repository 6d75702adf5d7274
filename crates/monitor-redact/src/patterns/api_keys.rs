//! Keys of well-known services, recognised by their prefix.

/// Returns the length of the key at the beginning of `piece`.
pub(super) fn known_key(piece: &str) -> Option<usize> {
    let first = *piece.as_bytes().first()?;
    let is_known = || KEYS.iter().any(|prefix| prefix.as_bytes()[0] == first && piece.starts_with(prefix));
    if !is_known() {
        return amazon_key(piece);
    }
    let length = piece.find(':').unwrap_or(piece.len());
    (length >= SHORTEST_KEY).then_some(length)
}

fn amazon_key(piece: &str) -> Option<usize> {
    let is_begin = piece.starts_with("AKIA") || piece.starts_with("ASIA");
    let end = || piece.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(piece.len());
    let is_upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (is_begin && end() == AMAZON && piece[..AMAZON].bytes().all(is_upper)).then_some(AMAZON)
}

/// Returns the length of the Telegram bot token at the beginning of `piece`: a number, a colon, a secret.
pub(super) fn bot_token(piece: &str) -> Option<usize> {
    let name = piece.strip_prefix("bot").map_or(0, |_| 3);
    let digits = piece.bytes().skip(name).take(MAX_BOT_DIGITS + 1).take_while(u8::is_ascii_digit).count();
    let secret =
        piece[name + digits..].strip_prefix(':').filter(|_| (MIN_BOT_DIGITS..=MAX_BOT_DIGITS).contains(&digits))?;
    let length = secret.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    (length >= BOT_SECRET).then_some(name + digits + 1 + length)
}

/// Prefixes of keys: Stripe, GitHub, GitLab, Slack, Google, SendGrid, npm, PyPI, DigitalOcean, Shopify, OpenAI,
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
const MIN_BOT_DIGITS: usize = 6;
const MAX_BOT_DIGITS: usize = 12;
const BOT_SECRET: usize = 30;
