//! Several processes that talk to each other, what they say, and what library they say it with.
//!
//! Invariant: when a play is over, none of its processes is left.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::sh::{Run, command, detail, note};

/// Longer than the programs themselves would take; see `DEMO_SECONDS` in `demo.h`.
const LIMIT: Duration = Duration::from_secs(30);

/// The library that a process must have.
#[derive(Clone, Debug)]
pub enum Library {
    /// Exactly one, from this folder.
    In(PathBuf),
    /// None beside the program.
    Linked,
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Library::In(dir) => write!(f, "that in {}", dir.display()),
            Library::Linked => f.write_str("linked into the program"),
        }
    }
}

impl Library {
    /// Whether these, each a version and a file as a process reported them, are what is expected.
    ///
    /// # Errors
    /// When they are not; says what was found instead.
    pub fn check(&self, found: &[String]) -> Result<(), String> {
        if found.is_empty() {
            return Err("no process said which libzmq it has".to_owned());
        }
        let file = |seen: &str| seen.split_once(' ').map_or("", |(_, file)| file).to_owned();
        let wrong = found.iter().map(|seen| file(seen)).find(|file| match self {
            Library::In(dir) => {
                let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.clone());
                Path::new(file.as_str()).parent() != Some(&dir)
            }
            Library::Linked => file.starts_with('/'),
        });
        match wrong {
            Some(file) => Err(format!("the library should be {self}, but it was {file}")),
            None => Ok(()),
        }
    }
}

/// One process of a play.
#[derive(Clone, Debug)]
pub struct Actor {
    args: Vec<String>,
    listens: bool,
}

impl Actor {
    /// A process in this role; the endpoints known when it starts follow the arguments.
    pub fn new(role: &str, args: &[&str]) -> Actor {
        let args = std::iter::once(&role)
            .chain(args)
            .map(|arg| (*arg).to_owned());
        Actor {
            args: args.collect(),
            listens: false,
        }
    }

    /// The next ones start when this one has said where it listens.
    pub fn listens(self) -> Actor {
        Actor {
            listens: true,
            ..self
        }
    }
}

/// Processes of one program, started one after another.
#[derive(Clone, Debug)]
pub struct Play {
    program: &'static str,
    title: String,
    actors: Vec<Actor>,
}

enum Heard {
    Line(String),
    Ended,
}

/// Processes at work; dropping it ends them.
#[derive(Default)]
struct Cast {
    children: Vec<(Child, String)>,
}

impl Drop for Cast {
    fn drop(&mut self) {
        for (child, _) in &mut self.children {
            // One that ended already is what we want.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Play {
    /// A play without actors.
    pub fn new(program: &'static str, title: &str) -> Play {
        Play {
            program,
            title: title.to_owned(),
            actors: Vec::new(),
        }
    }

    /// Adds one.
    pub fn actor(mut self, actor: Actor) -> Play {
        self.actors.push(actor);
        self
    }

    /// Performs it with the program of this name in `programs`. Returns the version and file of the
    /// library that the processes had.
    ///
    /// # Errors
    /// When a process fails, is late, or has another library than it should.
    pub fn perform(
        self,
        programs: &Path,
        env: &[(&str, PathBuf)],
        library: &Library,
    ) -> Result<String, String> {
        note(format!("{}:", self.title));
        let deadline = Instant::now() + LIMIT;
        let (say, hear) = channel();
        let mut cast = Cast::default();
        let mut scene = Scene {
            hear,
            deadline,
            open: 0,
            libraries: Vec::new(),
        };
        let mut endpoints: Vec<String> = Vec::new();
        for actor in &self.actors {
            let mut run = Run::new(programs.join(self.program));
            for (name, value) in env {
                run = run.env(name, value);
            }
            run = run.args(&actor.args).args(&endpoints);
            command(&run);
            let mut child = run.spawn(Stdio::piped(), Stdio::piped())?;
            scene.open += 2;
            listen(child.stdout.take(), say.clone());
            listen(child.stderr.take(), say.clone());
            cast.children.push((child, run.shown()));
            if actor.listens {
                let mut known = scene.endpoints(&self.title)?;
                known.append(&mut endpoints);
                endpoints = known;
            }
        }
        scene.finish().map_err(|e| format!("{}: {e}", self.title))?;
        for (child, shown) in &mut cast.children {
            let status = child.wait().map_err(|e| format!("{shown}: {e}"))?;
            if !status.success() {
                return Err(format!("{}: {shown}: {status}", self.title));
            }
        }
        library.check(&scene.libraries)?;
        Ok(scene.libraries.swap_remove(0))
    }
}

/// What is heard of the processes.
struct Scene {
    hear: Receiver<Heard>,
    deadline: Instant,
    /// Outputs not yet ended.
    open: usize,
    libraries: Vec<String>,
}

impl Scene {
    /// Listens until someone says where it listens.
    fn endpoints(&mut self, title: &str) -> Result<Vec<String>, String> {
        while let Some(line) = self.line().map_err(|e| format!("{title}: {e}"))? {
            if let Some(endpoints) = line.strip_prefix("@endpoint ") {
                return Ok(endpoints.split_whitespace().map(str::to_owned).collect());
            }
            self.take(&line);
        }
        Err(format!("{title}: a program ended before it listened"))
    }

    /// Listens until all have ended.
    fn finish(&mut self) -> Result<(), String> {
        while let Some(line) = self.line()? {
            self.take(&line);
        }
        Ok(())
    }

    fn take(&mut self, line: &str) {
        if let Some(library) = line.strip_prefix("@library ") {
            self.libraries.push(library.to_owned());
        } else if !line.starts_with('@') {
            detail(line);
        }
    }

    /// The next line; none when all have ended.
    fn line(&mut self) -> Result<Option<String>, String> {
        while self.open > 0 {
            let left = self.deadline.saturating_duration_since(Instant::now());
            match self.hear.recv_timeout(left) {
                Ok(Heard::Line(line)) => return Ok(Some(line)),
                Ok(Heard::Ended) => self.open -= 1,
                Err(_) => return Err(format!("not finished after {} s", LIMIT.as_secs())),
            }
        }
        Ok(None)
    }
}

fn listen(output: Option<impl Read + Send + 'static>, say: Sender<Heard>) {
    let Some(output) = output else { return };
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { break };
            // Nobody hears it once the play has failed; the pipe must be drained all the same.
            let _ = say.send(Heard::Line(String::from_utf8_lossy(&line).into_owned()));
        }
        let _ = say.send(Heard::Ended);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    /// A shell as the program: its role is `-c`.
    fn shell(script: &str) -> Actor {
        Actor::new("-c", &[script])
    }

    fn perform(actors: Vec<Actor>, library: &Library) -> Result<String, String> {
        let mut play = Play::new("sh", "a test");
        play.actors = actors;
        play.perform("/bin".as_ref(), &[], library)
    }

    #[test]
    fn endpoints_go_to_those_who_start_later() {
        let library = Library::Linked;
        let first = shell("echo '@library 1 none'; echo '@endpoint a b'").listens();
        // The script's own $0 and $1 are the endpoints.
        let second = shell("[ \"$0 $1\" = 'a b' ] && echo '@endpoint c'").listens();
        let third = shell("[ \"$0 $1 $2\" = 'c a b' ]");
        assert_eq!(
            perform(vec![first, second, third], &library),
            Ok("1 none".into())
        );
    }

    #[test]
    fn failures_are_seen() {
        let library = Library::Linked;
        let error = perform(vec![shell("echo '@library 1 none'; exit 4")], &library);
        assert!(error.is_err_and(|e| e.contains("exit status: 4")));
        let error = perform(vec![shell("true").listens()], &library);
        assert!(error.is_err_and(|e| e.contains("before it listened")));
        let error = perform(vec![shell("true")], &library);
        assert!(error.is_err_and(|e| e.contains("no process said")));
    }

    #[test]
    fn another_library_is_noticed() {
        let dir = env::temp_dir();
        let dir = fs::canonicalize(&dir).unwrap_or(dir);
        let inside = dir.join("libzmq.so.5").display().to_string();
        let inside = format!("4.3.5 {inside}");
        let library = Library::In(dir.clone());
        assert_eq!(library.check(std::slice::from_ref(&inside)), Ok(()));
        assert!(
            library
                .check(&[inside.clone(), "4.3.5 /usr/lib/libzmq.so.5".to_owned()])
                .is_err()
        );
        assert!(
            library
                .check(&["4.3.5 (linked into the program)".to_owned()])
                .is_err()
        );
        assert!(Library::Linked.check(&[inside]).is_err());
    }
}
