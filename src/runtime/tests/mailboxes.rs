//! Mailboxes and who looks into them: an I/O thread with what it drives, and the inbox of a socket.

use super::*;

/// A handler that counts its turns and ends when its deadline comes.
struct Ticking(Mutex<(usize, Option<std::sync::mpsc::Sender<usize>>)>);

impl Handler for Ticking {
    fn drive(&self, turn: &mut Turn<'_>, ready: Ready) -> Next {
        let mut state = self.0.lock();
        state.0 += 1;
        if ready.timer {
            if let Some(done) = state.1.take() {
                done.send(state.0).unwrap();
            }
            return Next {
                ended: true,
                ..Next::default()
            };
        }
        let soon = turn.now + std::time::Duration::from_millis(5);
        Next {
            deadline: Some(soon),
            ..Next::default()
        }
    }
}

#[test]
fn sleepers_left_to_the_io_thread_are_woken_by_it() {
    let io = IoThread::start("test", || ()).unwrap();
    let inboxes: Vec<Arc<Inbox>> = (0..200).map(|_| Arc::new(Inbox::new())).collect();
    for _ in 0..20 {
        std::thread::scope(|scope| {
            let (asleep, sleeping) = std::sync::mpsc::channel();
            for inbox in &inboxes {
                let asleep = asleep.clone();
                scope.spawn(move || {
                    let parker = crate::queue::Parker::current();
                    parker.reset();
                    assert!(inbox.watch(&parker), "nothing was left yet");
                    asleep.send(()).unwrap();
                    parker.park(None).unwrap();
                    inbox.unwatch(&parker);
                    let (mut marks, mut attachments) = Default::default();
                    inbox.take(&mut marks, &mut attachments);
                    assert_eq!(marks, [(7, mark::READABLE)]);
                });
            }
            inboxes.iter().for_each(|_| sleeping.recv().unwrap());
            let leave = |inbox: &Arc<Inbox>| inbox.leave(7, mark::READABLE);
            let mut wakes: Vec<Wakes> = inboxes.iter().map(leave).collect();
            assert!(wakes.iter().all(|wakes| !wakes.is_empty()));
            io.wake_later(&mut wakes);
            assert!(wakes.is_empty());
        });
    }
    io.stop();
}

#[test]
fn an_io_thread_drives_what_is_scheduled_and_what_is_due() {
    let io = IoThread::start("test", || ()).unwrap();
    let (done, finished) = std::sync::mpsc::channel();
    let key = io.reserve();
    io.add(key, Arc::new(Ticking(Mutex::new((0, Some(done))))));
    assert_eq!(io.load(), 1);
    io.schedule(key);
    assert_eq!(
        finished.recv_timeout(std::time::Duration::from_secs(10)),
        Ok(2)
    );
    io.stop();
    assert_eq!(io.load(), 0);
}

#[test]
fn a_look_at_the_clock_is_nothing_to_do() {
    let io = IoThread::start("test", || ()).unwrap();
    // A number without a handler: nobody takes the marks.
    let post = Post::new(io.clone(), io.reserve());
    post.ask_sooner();
    assert!(!post.is_marked());
    post.ask();
    assert!(post.is_marked());
    assert_eq!(post.take(), mark::SOONER | mark::ASKED);
    io.stop();
}

fn attachment(pipe: Pipe) -> Attachment {
    Attachment {
        pipe,
        driver: None,
        subscribe_to_all: false,
        locally_initiated: false,
        routing_id: Vec::new(),
    }
}

#[test]
fn peers_that_come_and_go_do_not_pile_up_before_an_owner_who_does_not_look() {
    let inbox = Inbox::new();
    let mut talkers = 0;
    for turn in 0..10_000 {
        let (mut theirs, ours) = pair([limits(10, 10), Limits::NONE], Conflate::default());
        let mut id = msg("id");
        id.set(flag::ROUTING_ID);
        assert!(theirs.write(id).is_ok());
        if turn % 1000 == 0 {
            assert!(theirs.write(msg("heard")).is_ok());
            talkers += 1;
        }
        theirs.flush();
        assert!(inbox.attach(attachment(ours)).is_none());
    }
    let (mut marks, mut attachments) = (Vec::new(), Vec::new());
    inbox.take(&mut marks, &mut attachments);
    assert!(attachments.len() < 200, "{}", attachments.len());
    let heard = attachments.iter_mut().filter_map(|one| {
        one.pipe.want_routing_ids();
        let id = one.pipe.read()?;
        assert!(id.has(flag::ROUTING_ID));
        one.pipe.read()
    });
    assert_eq!(heard.count(), talkers);
}

#[test]
fn marks_do_not_pile_up_before_an_owner_who_does_not_look() {
    let inbox = Inbox::new();
    for turn in 0..10_000 {
        let marks = if turn % 3 == 0 {
            mark::HICCUP
        } else {
            mark::READABLE
        };
        inbox.deliver(turn % 20, marks);
    }
    let (mut marks, mut attachments) = (Vec::new(), Vec::new());
    inbox.take(&mut marks, &mut attachments);
    assert!(marks.len() < 200);
    for pipe in 0..20 {
        let all = marks.iter().filter(|(token, _)| *token == pipe);
        let all = all.fold(0, |all, (_, marks)| all | marks);
        assert_eq!(all, mark::HICCUP | mark::READABLE);
    }
}
