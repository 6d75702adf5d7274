//! Alerts from a monitor to a receiver, over restarts, kills and failures.

mod acknowledged;
mod alertmanager;
mod auto_disable;
mod backtest;
mod delivery_test;
mod erased;
mod failures;
mod first_alert;
mod incidents;
mod killed;
mod sharing;
mod support;
