//! Persistence across restarts, kills, damaged files and full disks, and the cause of the last end.

mod damage;
mod ended;
mod formats;
mod full_disk;
mod golden;
mod history;
mod killed;
mod restart;
mod sharing;
mod support;
mod unresolved;
