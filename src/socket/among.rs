//! Sleeping until something happens to one of a few sockets.
//!
//! Invariants: whoever sleeps has its parker in every inbox and holds no lock. It may sleep beside
//! the streams of those that are in conversation, each with its single peer, as `wait` does for one
//! socket; it never returns from a sleep without having looked at all of these, and gives back at
//! once what it did not sleep beside.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::queue::Parker;
use crate::queue::sync::per_thread;
use crate::runtime::{Inbox, Lender, Loan};
use crate::sys;

use super::Socket;
use super::patience::{Patience, Source, Spin, Vigil};
use super::wait::For;

/// So many sockets are few. The kernel looks at the streams of all of them in each sleep.
pub const FEW: usize = 16;
/// A sleep that is shorter than this is short.
const SHORT: Duration = Duration::from_millis(1);
/// So many short sleeps in a row, and streams are borrowed: to take one from the I/O thread and to
/// give it back costs a system call each, and what is borrowed is kept only while sleeps are short.
const SLEEPS: u8 = if cfg!(loom) { 1 } else { 4 };

per_thread! {
    /// Short sleeps of this thread in a row.
    static IN_A_ROW: Cell<u8> = const { Cell::new(0) };
    /// What this thread knows of its waits for answers.
    static PATIENCE: RefCell<Patience> = const { RefCell::new(Patience::new()) };
}

/// What a sleeper has of one socket.
struct Bed {
    socket: &'static Socket,
    /// Of the socket that is in the cell.
    id: u64,
    inbox: Arc<Inbox>,
    loan: Option<(Arc<dyn Lender>, Loan)>,
    /// An answer is to come by that stream.
    conversing: bool,
}

/// What a sleeper knows when it wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Of streams that are still borrowed: nothing.
    Unaware,
    /// Anything may have happened, but nothing in the streams that it does not know.
    Called,
    /// Something was read from the streams of these sockets (bits, by their places), and nothing
    /// else has happened.
    Read(u32),
}

/// Sleeps until something happened to one of these (at most [`FEW`]) sockets, of which these events
/// are of interest, or until the deadline has come. `ENOTSOCK`, `ETERM`, `EINTR`.
pub fn sleep_among(
    sockets: impl Iterator<Item = (&'static Socket, i32)>,
    deadline: Option<Instant>,
) -> Result<Woken, Errno> {
    let parker = Parker::current();
    parker.reset();
    let lend = IN_A_ROW.with(Cell::get) >= SLEEPS;
    let mut beds = [const { None }; FEW];
    let mut quiet = Ok(true);
    for (place, (socket, wanted)) in beds.iter_mut().zip(sockets) {
        match socket.lie_down(&parker, wanted, lend) {
            Ok(bed) => {
                quiet = Ok(bed.is_some());
                *place = bed;
            }
            Err(errno) => quiet = Err(errno),
        }
        if quiet != Ok(true) {
            break;
        }
    }
    let mut fds = [libc::pollfd {
        fd: -1,
        events: libc::POLLIN,
        revents: 0,
    }; FEW + 1];
    let woken = match quiet {
        Ok(true) => sleep(&beds, &mut fds, &parker, deadline),
        Ok(false) => Ok(Woken::Unaware),
        // One was closed meanwhile: the others are told first.
        Err(errno) => Err(errno),
    };
    for bed in beds.iter().flatten() {
        bed.inbox.unwatch(&parker);
    }
    let in_vain = matches!(woken, Ok(Woken::Unaware) | Err(_));
    for (bed, fd) in beds.iter().flatten().zip(&fds[1..]) {
        bed.rise(fd.revents != 0, in_vain);
    }
    woken
}

/// Sleeps in beds that are made; what ends with the deadline is unaware.
fn sleep(
    beds: &[Option<Bed>; FEW],
    fds: &mut [libc::pollfd; FEW + 1],
    parker: &Parker,
    deadline: Option<Instant>,
) -> Result<Woken, Errno> {
    let begin = sys::now();
    let mut last = 0;
    let mut conversing = false;
    for (index, bed) in beds.iter().flatten().enumerate() {
        if let Some((_, loan)) = &bed.loan {
            last = index + 1;
            fds[last].fd = loan.fd;
            conversing |= bed.conversing;
        }
    }
    let woken = if last == 0 {
        parker.park(deadline).map(|()| Woken::Called)
    } else {
        match park(parker, &mut fds[..=last], begin, deadline, conversing) {
            Err(Errno::EINTR) => Err(Errno::EINTR),
            // Nobody can sleep here. The next sleep is an ordinary one.
            Err(_) | Ok(0) => Ok(Woken::Unaware),
            Ok(_) if fds[0].revents != 0 => Ok(Woken::Called),
            Ok(_) => Ok(Woken::Read(readable(&fds[1..]))),
        }
    };
    let short = !matches!(woken, Ok(Woken::Unaware) | Err(_)) && sys::now() - begin < SHORT;
    IN_A_ROW.with(|row| {
        row.set(if short {
            row.get().saturating_add(1)
        } else {
            0
        })
    });
    woken
}

/// Sleeps beside streams; looks at them for a moment before, if an answer is to come and that is
/// likely to pay.
fn park(
    parker: &Parker,
    fds: &mut [libc::pollfd],
    begin: Instant,
    deadline: Option<Instant>,
    conversing: bool,
) -> Result<usize, Errno> {
    let begun = |patience: &RefCell<Patience>| {
        let mut patience = patience.borrow_mut();
        let begun = patience.begin(sys::since_boot(begin));
        begun.then(|| Vigil::begin(begin, patience.quiet(), deadline))
    };
    if !conversing {
        return parker.park_among(fds, deadline);
    }
    let mut vigil = PATIENCE.with(begun);
    let woken = match &mut vigil {
        Some(vigil) => vigil.park(parker, fds, deadline),
        None => parker.park_among(fds, deadline),
    };
    PATIENCE.with(|patience| {
        let mut patience = patience.borrow_mut();
        let spin = vigil.map(|vigil| vigil.end());
        if let Some((spin, now)) = spin {
            patience.end(Source::Beside, spin, sys::since_boot(now));
        }
        if !matches!(spin, Some((Spin::Found(_), _))) {
            patience.slept(Source::Beside, sys::now() - begin);
        }
    });
    woken
}

/// The places of those that are ready, as bits.
fn readable(fds: &[libc::pollfd]) -> u32 {
    let ready = |(place, fd): (usize, &libc::pollfd)| u32::from(fd.revents != 0) << place;
    fds.iter().enumerate().map(ready).sum()
}

impl Socket {
    /// Has the parker woken by what happens to the socket, and borrows its stream if `lend`. `None`:
    /// something happened already.
    fn lie_down(
        &'static self,
        parker: &Arc<Parker>,
        wanted: i32,
        lend: bool,
    ) -> Result<Option<Bed>, Errno> {
        let mut inner = self.lock()?;
        inner.pipes.press(true);
        let inbox = inner.inbox.clone();
        let Some(others) = inbox.watch_beside(parker) else {
            return Ok(None);
        };
        let loan = if lend {
            inner.borrow(For::those(wanted), others)
        } else {
            inner.give_back();
            None
        };
        Ok(Some(Bed {
            conversing: loan.is_some() && inner.conversing,
            socket: self,
            id: inner.id,
            inbox,
            loan,
        }))
    }

    /// Which of these events are there now, and whether the stream is with the application's
    /// threads. Whoever does not sleep next says so ([`give_back`](Socket::give_back)).
    pub fn glance(&self, wanted: i32) -> Result<(i32, bool), Errno> {
        let mut inner = self.enter()?;
        Ok((inner.look_for(wanted), inner.lent.is_some()))
    }

    /// Leaves the stream to the I/O thread until there is conversation again.
    pub fn give_back(&self) {
        if let Ok(mut inner) = self.lock() {
            inner.give_back();
            inner.conversing = false;
        }
    }

    /// What a sleep did to its stream. `in_vain`: nothing was found, or it was not looked at.
    fn sleep_is_over(&self, id: u64, returned: bool, in_vain: bool) {
        if let Ok(mut inner) = self.lock()
            && inner.id == id
        {
            if returned {
                inner.lent = None;
            }
            if in_vain {
                inner.conversing = false;
            }
        }
    }
}

impl Bed {
    /// Reads the stream if it is readable, and waits for it no more.
    fn rise(&self, readable: bool, in_vain: bool) {
        let Some((driver, loan)) = &self.loan else {
            return;
        };
        if readable {
            driver.drive_in(*loan);
        }
        let returned = !driver.leave(*loan, in_vain);
        if returned || in_vain {
            self.socket.sleep_is_over(self.id, returned, in_vain);
        }
    }
}
