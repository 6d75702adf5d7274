//! Background traffic: a steady stream of requests, each over a connection of its own.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::Method;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::client;

/// Traffic that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Load {
    tally: Arc<Tally>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Tally {
    sent: AtomicU64,
    answered: AtomicU64,
    /// Answers other than the expected status.
    surprises: Mutex<Vec<String>>,
    todo: Mutex<Option<String>>,
}

impl Load {
    pub(crate) fn start(addr: SocketAddr, per_second: u32) -> Self {
        let tally = Arc::new(Tally::default());
        let task = tokio::spawn(run(addr, per_second, Arc::clone(&tally)));
        Self { tally, task }
    }

    /// Returns the number of requests sent.
    pub(crate) fn sent(&self) -> u64 {
        self.tally.sent.load(Ordering::Relaxed)
    }

    /// Returns the number of requests answered as expected.
    pub(crate) fn answered(&self) -> u64 {
        self.tally.answered.load(Ordering::Relaxed)
    }

    /// Returns the unexpected answers.
    pub(crate) fn surprises(&self) -> Vec<String> {
        self.tally.surprises.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(addr: SocketAddr, per_second: u32, tally: Arc<Tally>) {
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in 0.. {
        ticks.tick().await;
        tokio::spawn(request(addr, turn, Arc::clone(&tally)));
    }
}

async fn request(addr: SocketAddr, turn: u64, tally: Arc<Tally>) {
    let todo = tally.todo.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (method, path, body, expected) = match (turn % 10, todo) {
        (1..=6, _) => (Method::GET, String::from("/todos?limit=5"), String::new(), 200),
        (7 | 8, Some(id)) => (Method::GET, format!("/todos/{id}"), String::new(), 200),
        (9, Some(id)) => (Method::POST, format!("/todos/{id}/complete"), String::new(), 200),
        _ => (Method::POST, String::from("/todos"), format!(r#"{{"title":"todo {turn}"}}"#), 201),
    };
    let user = (turn % 7).to_string();
    tally.sent.fetch_add(1, Ordering::Relaxed);
    let surprise = match client::send(addr, method.clone(), &path, &user, &body).await {
        Ok(response) if response.status.as_u16() == expected => {
            tally.answered.fetch_add(1, Ordering::Relaxed);
            if expected == 201 {
                let id = response.json()["id"].as_str().map(str::to_owned);
                *tally.todo.lock().unwrap_or_else(PoisonError::into_inner) = id;
            }
            return;
        }
        Ok(response) => format!("{method} {path}: {} instead of {expected}", response.status.as_u16()),
        Err(error) => format!("{method} {path}: {error}"),
    };
    tally.surprises.lock().unwrap_or_else(PoisonError::into_inner).push(surprise);
}
