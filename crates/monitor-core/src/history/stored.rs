//! The stored form of the slots: JSON, each with the names that it needs, so that every slot can be read alone.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    book::{Book, Place},
    names::Names,
    rows::{Row, RowKey},
    slot::{Slot, Sums, Times},
};
use crate::{
    base::{clock, escape},
    model::fingerprint::Fingerprint,
    persist::{
        StoreWrite,
        durable::{KeyPrefix, MergeReport},
    },
};

#[derive(Deserialize, Serialize)]
struct Stored {
    begin_ms: u64,
    /// Names of releases, methods and routes. Rows have positions in this list.
    names: Vec<String>,
    /// Each row is a release, a method, a route, and counts.
    rows: Vec<Vec<u64>>,
    events: Vec<(Fingerprint, u64)>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Stored {
    fn of(slot: &Slot, names: &Names) -> Self {
        let mut own = Names::default();
        let mut list = Vec::new();
        let mut position = |number: u32| {
            let name = names.name(number);
            let position = own.number(&name);
            if position as usize == list.len() {
                list.push(name.as_ref().to_owned());
            }
            position
        };
        let rows = slot.rows.unpack().map(|Row { key: RowKey { release, method, route }, counts }| {
            let [release, method, route] = [release, method, route].map(&mut position);
            Row { key: RowKey { release, method, route }, counts }.numbers()
        });
        let rows = rows.collect();
        Self {
            begin_ms: clock::millis(slot.begin),
            names: list,
            rows,
            events: slot.events.to_vec(),
            rest: slot.rest.clone(),
        }
    }

    /// Returns `None` if a row is malformed.
    fn read(self, names: &mut Names) -> Option<Slot> {
        let mut sums = Sums::default();
        for numbers in &self.rows {
            let Row { key: RowKey { release, method, route }, counts } = Row::of_numbers(numbers)?;
            let mut number = |position: u32| Some(names.number(self.names.get(position as usize)?));
            let key = RowKey { release: number(release)?, method: number(method)?, route: number(route)? };
            sums.add_row(Row { key, counts }, Times::Same);
        }
        self.events.iter().for_each(|(fingerprint, count)| sums.add_events(*fingerprint, *count));
        Some(Slot { rest: self.rest, ..Slot::new(clock::from_millis(self.begin_ms), sums) })
    }
}

impl Book {
    /// Merges the stored slots.
    pub(super) fn merge(&mut self, stored: Vec<(String, Vec<u8>)>) -> MergeReport {
        let mut report = MergeReport::default();
        let line = stored.iter().find(|(key, _)| key == LINE).map(|(_, json)| json.clone());
        self.resume(line.as_deref());
        for (key, json) in stored.into_iter().filter(|(key, _)| key != LINE) {
            match self.read(&key, &json) {
                Some((place, slot)) => self.restore(place, slot),
                None => report.unreadable(key, &json),
            }
        }
        report
    }

    pub(super) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return Vec::new();
        }
        let line = self.line.put(LINE);
        changed.into_iter().map(|place| self.change(place)).chain([line]).collect()
    }

    pub(super) fn everything(&mut self) -> Vec<StoreWrite> {
        self.change_all();
        self.take_changes()
    }

    fn change(&self, place: Place) -> StoreWrite {
        let slots = match place {
            Place::Minute(_) => &self.minutes,
            Place::Hour(_) => &self.hours,
        };
        match slots.get(&place.number()) {
            Some(slot) => {
                let value = escape::json(&Stored::of(slot, &self.names)).into_bytes();
                StoreWrite::Put { key: place.key(), value }
            }
            None => StoreWrite::Remove { key: place.key() },
        }
    }

    fn read(&mut self, key: &str, json: &[u8]) -> Option<(Place, Slot)> {
        let place = Place::of_key(key)?;
        let stored: Stored = serde_json::from_slice(json).ok()?;
        Some((place, stored.read(&mut self.names)?))
    }

    /// Adds a stored slot. One that this process has nothing to add to need not be written again.
    fn restore(&mut self, place: Place, slot: Slot) {
        let is_changed = self.changed.contains(&place);
        self.put(place, slot, Times::Same);
        if !is_changed {
            self.changed.remove(&place);
        }
    }
}

impl Place {
    fn key(self) -> String {
        match self {
            Self::Minute(minute) => format!("{MINUTES}{minute}"),
            Self::Hour(hour) => format!("{HOURS}{hour}"),
        }
    }

    fn of_key(key: &str) -> Option<Self> {
        let minute = key.strip_prefix(MINUTES).and_then(|number| number.parse().ok()).map(Self::Minute);
        minute.or_else(|| key.strip_prefix(HOURS).and_then(|number| number.parse().ok()).map(Self::Hour))
    }
}

/// Returns the prefixes of all keys.
pub(super) fn prefixes() -> Vec<KeyPrefix> {
    vec![KeyPrefix::new(MINUTES).quota(MINUTES_QUOTA), KeyPrefix::new(HOURS).quota(HOURS_QUOTA), KeyPrefix::new(LINE)]
}

const MINUTES: &str = "history-m/";
const HOURS: &str = "history-h/";
const LINE: &str = "history-line";
const MINUTES_QUOTA: u64 = 32 * 1024 * 1024;
const HOURS_QUOTA: u64 = 64 * 1024 * 1024;
