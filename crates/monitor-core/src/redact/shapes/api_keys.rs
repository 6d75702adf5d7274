//! Keys of well-known services, known by what they begin with.

pub(super) fn is_known_key(piece: &str) -> bool {
    if piece.len() < SHORTEST_KEY {
        return false;
    }
    let is_of_amazon = || {
        (piece.starts_with("AKIA") || piece.starts_with("ASIA"))
            && piece.len() == 20
            && piece.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let first = piece.as_bytes()[0];
    KEYS.iter().any(|prefix| prefix.as_bytes()[0] == first && piece.starts_with(prefix)) || is_of_amazon()
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
