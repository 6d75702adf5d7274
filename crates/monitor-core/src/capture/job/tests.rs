use std::time::Duration;

use crate::{
    base::clock::{self, WrongClock},
    monitor::Monitor,
};

#[tokio::test]
async fn the_last_success_is_the_last_one_although_the_clock_was_ahead_before() {
    let monitor = Monitor::builder("shop").log(None).build().unwrap();
    let clock = WrongClock::ahead(Duration::from_secs(24 * 60 * 60));
    monitor.job("send-email", async {}).await;
    clock.correct();
    monitor.job("send-email", async {}).await;
    let last = monitor.jobs()[0].last_success.unwrap();
    assert!(last <= clock::wall(), "{last:?}");
}
