//! Metrics of jobs, by name.

use metrics::{Label, Unit};
use monitor_core::{JobCounts, JobOutcome, clock, names};

use super::{Emit, Family, Histogram, Series::OfMonitor, Value};
use crate::{scale, snapshot::Snapshot};

pub(super) static FAMILIES: &[Family] = &[
    Family::counter(names::JOBS_STARTED, "Jobs that began.", OfMonitor(started)),
    Family::counter(names::JOBS, "Jobs that ended.", OfMonitor(ended)),
    Family::gauge(names::JOBS_ACTIVE, "Jobs under way.", OfMonitor(active)),
    Family::gauge(
        names::JOB_LAST_SUCCESS,
        "Time of a job's latest completion, in seconds since the Unix epoch.",
        OfMonitor(last_success),
    ),
    Family::histogram(
        names::JOB_DURATION,
        Unit::Seconds,
        "Seconds from a job's beginning to its end.",
        OfMonitor(durations),
    ),
];

fn started(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    snapshot.jobs.iter().for_each(|job| emit(labels(job), Value::Counter(job.started)));
}

fn ended(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    for job in &snapshot.jobs {
        for &outcome in JobOutcome::ALL {
            let mut labels = labels(job);
            labels.push(Label::new(names::OUTCOME, outcome.as_str()));
            emit(labels, Value::Counter(job.outcome(outcome)));
        }
    }
}

fn active(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    snapshot.jobs.iter().for_each(|job| emit(labels(job), Value::Gauge(job.active() as f64)));
}

fn last_success(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    for job in &snapshot.jobs {
        if let Some(at) = job.last_success {
            emit(labels(job), Value::Gauge(clock::millis(at) as f64 / 1000.0));
        }
    }
}

fn durations(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    for job in &snapshot.jobs {
        let (scale, buckets, settled) = (&scale::DURATION, &job.durations, job.settled);
        emit(labels(job), Value::Histogram(Histogram { scale, buckets, settled }));
    }
}

fn labels(job: &JobCounts) -> Vec<Label> {
    vec![Label::new("job", job.job.clone())]
}
