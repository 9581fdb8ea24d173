//! Sleeping until something happens to the socket.
//!
//! Invariant: whoever sleeps has its parker in the inbox and holds no lock. In a conversation with its
//! peers it sleeps beside their streams, and reads those itself, which spares the I/O
//! thread's turn; its parker is out of the inbox then, for it need not wake itself. In a conversation
//! within the process it may look for the answer for a moment before it sleeps (`patience.rs`), and
//! as long as it does nobody has to wake it.

use std::sync::Arc;
use std::time::Instant;

use crate::errno::Errno;
use crate::queue::Parker;
use crate::runtime::{Inbox, Lender, Loan};
use crate::sys;

use super::patience::{self, Source, Spin, Vigil};
use super::{Guard, Inner, POLLIN, Socket};

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A message to receive, perhaps among others.
    Messages,
    /// Room to send.
    Anything,
}

impl For {
    /// What a call that wants to know of these events waits for.
    pub(super) fn those(events: i32) -> For {
        if events & POLLIN != 0 {
            For::Messages
        } else {
            For::Anything
        }
    }
}

impl Socket {
    /// Waits until something happened to the socket or the deadline has come, and takes it in; it
    /// may return sooner, for the caller to look again. `ENOTSOCK` if the socket was closed
    /// meanwhile, `ETERM`, `EINTR`.
    pub(super) fn wait<'a>(
        &'a self,
        mut inner: Guard<'a>,
        deadline: Option<Instant>,
        what: For,
    ) -> Result<Guard<'a>, Errno> {
        inner.pipes.press(true);
        let inbox = inner.inbox.clone();
        let id = inner.id;
        let source = inner.awaits_answer(what);
        let began = source.map(|_| sys::now());
        if let (Some(Source::Within), Some(began)) = (source, began)
            && inner.patience.begin(sys::since_boot(began))
        {
            drop(inner);
            let (spin, now) = patience::spin(&inbox, began, deadline);
            // Even in vain the caller has to look again before it sleeps: others had the lock.
            let mut inner = self.enter_again(id)?;
            inner
                .patience
                .end(Source::Within, spin, sys::since_boot(now));
            return Ok(inner);
        }
        let parker = Parker::current();
        parker.reset();
        let mut end = End::default();
        if let Some(others) = inbox.watch_beside(&parker) {
            let loan = inner.borrow(what, others);
            let vigil = match (source, began, &loan) {
                (Some(Source::Beside), Some(began), Some(_))
                    if inner.patience.begin(sys::since_boot(began)) =>
                {
                    Some(Vigil::begin(began, inner.patience.quiet(), deadline))
                }
                _ => None,
            };
            drop(inner);
            end = match loan {
                Some((driver, loan)) => {
                    read_beside(&*driver, loan, &inbox, &parker, deadline, vigil)
                }
                None => {
                    let slept = parker.park(deadline);
                    inbox.unwatch(&parker);
                    End {
                        slept,
                        ..End::default()
                    }
                }
            };
        } else {
            drop(inner);
        }
        let mut inner = self.enter_again(id)?;
        if let Some((spin, now)) = end.spin {
            inner
                .patience
                .end(Source::Beside, spin, sys::since_boot(now));
        }
        if let (Some(source), Some(began)) = (source, began)
            && !matches!(end.spin, Some((Spin::Found(_), _)))
        {
            inner.patience.slept(source, sys::now() - began);
        }
        if end.returned {
            inner.lent = None;
        }
        if end.in_vain {
            inner.conversing = false;
        }
        end.slept.map(|()| inner)
    }

    /// The inside, if it is still the same one: the cell may have another socket's by now.
    fn enter_again(&self, id: u64) -> Result<Guard<'_>, Errno> {
        let inner = self.enter()?;
        if inner.id != id {
            return Err(Errno::ENOTSOCK);
        }
        Ok(inner)
    }
}

/// How a sleep ended.
#[derive(Debug)]
struct End {
    slept: Result<(), Errno>,
    /// By the deadline or a signal.
    in_vain: bool,
    /// The stream was lent, and is not any more.
    returned: bool,
    /// What became of looking at the stream before.
    spin: Option<(Spin, Instant)>,
}

impl Default for End {
    fn default() -> End {
        End {
            slept: Ok(()),
            in_vain: false,
            returned: false,
            spin: None,
        }
    }
}

impl Inner {
    /// Where the answer comes from, if this wait is for one. (Who only receives had better sleep:
    /// meanwhile messages gather. And who is told from its own processor would keep the peer from
    /// it.)
    fn awaits_answer(&self, what: For) -> Option<Source> {
        if what != For::Messages || !self.sent_last {
            return None;
        }
        if !self.pipes.are_all_local() {
            return self.conversing.then_some(Source::Beside);
        }
        (!self.inbox.was_told_here()).then_some(Source::Within)
    }

    /// Borrows the only peer's stream for this wait, or those of many, if that is worth while: nobody
    /// else waits, and `ZMQ_FD` is not in use. If not, the I/O thread has it.
    pub(super) fn borrow(&mut self, what: For, others: usize) -> Option<(Arc<dyn Lender>, Loan)> {
        if self.lent.is_none() && !self.conversing {
            return None;
        }
        let fits = what == For::Messages && others == 0 && !self.inbox.has_fd();
        let lender = fits.then(|| self.lender()).flatten();
        let loan = lender.and_then(|lender| {
            let loan = lender.lend(self.conversing)?;
            Some((lender, loan))
        });
        self.excused = loan.is_some();
        match &loan {
            Some((lender, _)) if self.lent.is_none() => self.lent = Some(lender.clone()),
            // It is of the same lender: each peer that comes or goes gives back what was lent.
            Some(_) => {}
            None => self.give_back(),
        }
        loan
    }

    /// A call found nothing to receive and does not wait: gives back the stream that was lent, unless
    /// that is excused, as it is once after each sleep.
    #[inline]
    pub(super) fn found_nothing(&mut self) {
        if !std::mem::take(&mut self.excused) {
            self.give_back();
        }
    }

    /// Has the I/O thread wait for the stream that was lent, for nobody comes to do so.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if let Some(driver) = self.lent.take() {
            driver.give_back();
        }
    }
}

/// Sleeps beside a stream until there is news, and reads the stream when it is readable.
fn read_beside(
    driver: &dyn Lender,
    loan: Loan,
    inbox: &Inbox,
    parker: &Arc<Parker>,
    deadline: Option<Instant>,
    mut vigil: Option<Vigil>,
) -> End {
    let is_late = || deadline.is_some_and(|at| at <= sys::now());
    let mut items = [-1, loan.fd].map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    loop {
        let woken = match &mut vigil {
            Some(vigil) => vigil.park(parker, &mut items, deadline),
            None => parker.park_among(&mut items, deadline),
        };
        let woken = woken.map(|_| items[1].revents != 0);
        inbox.unwatch(parker);
        if woken == Ok(true) && driver.drive_in(loan) && !is_late() {
            parker.reset();
            if inbox.watch(parker) {
                continue;
            }
        }
        let (in_vain, slept) = match woken {
            Ok(true) => (false, Ok(())),
            Ok(false) => (is_late(), Ok(())),
            Err(Errno::EINTR) => (true, Err(Errno::EINTR)),
            // Nobody can sleep here. The next wait is an ordinary one.
            Err(_) => (true, Ok(())),
        };
        return End {
            returned: !driver.leave(loan, in_vain),
            slept,
            in_vain,
            spin: vigil.map(|vigil| vigil.end()),
        };
    }
}
