//! One event with eight fields, as a program logs it.

use http::StatusCode;

use crate::{cases::Case, subscriber::Log};

/// Returns the case of logging an event, if the setup has a subscriber. The request is ignored.
pub(crate) fn case(log: Log) -> Option<Case> {
    let run = |_| {
        tracing::info!(
            order_id = 123,
            customer = "c-1042",
            items = 3,
            amount = 99.5,
            currency = "EUR",
            paid = true,
            warehouse = "north",
            attempt = 1,
            "order_processed"
        );
        StatusCode::OK
    };
    (log != Log::None).then(|| Case { name: String::from("event/8 fields"), run: Box::new(run) })
}
