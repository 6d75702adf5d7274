//! What a store keeps, whatever becomes of the process, the file and the disk.

mod damage;
mod formats;
mod full_disk;
mod golden;
mod killed;
mod restart;
mod sharing;
mod support;
mod unresolved;
