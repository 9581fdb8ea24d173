//! Hostile peers: whatever a peer says, does or leaves undone costs it its own connection at
//! most, the monitor tells, and the others do not notice.

#[macro_use]
mod child;

cases! { hostile: truncated hasty altered garbage misfits commands silent }

cases! { hostile_traffic: sizes commands pieces torn churn pings half_open deaf topics }

cases! { hostile_server: handshakes misfits silent traffic other_server }
