//! Persistence across restarts, kills, damaged files and full disks.

mod damage;
mod formats;
mod full_disk;
mod golden;
mod killed;
mod restart;
mod sharing;
mod support;
mod unresolved;
