//! Reading a command's arguments.
//!
//! Invariant: whatever is not understood is an error, never ignored.

/// The arguments not yet taken.
#[derive(Debug)]
pub struct Args {
    rest: Vec<String>,
}

impl Args {
    /// All of them.
    pub fn new(args: &[String]) -> Args {
        Args {
            rest: args.to_vec(),
        }
    }

    /// Takes the switch `--name`; true if it was there.
    pub fn switch(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|arg| arg != name);
        self.rest.len() != before
    }

    /// Takes `--name VALUE` or `--name=VALUE`; of several the last counts.
    ///
    /// # Errors
    /// When the value is missing.
    pub fn value(&mut self, name: &str) -> Result<Option<String>, String> {
        let mut value = None;
        while let Some(at) = self.rest.iter().position(|arg| named(arg, name)) {
            let arg = self.rest.remove(at);
            value = Some(match arg.split_once('=') {
                Some((_, value)) => value.to_owned(),
                None if at < self.rest.len() => self.rest.remove(at),
                None => return Err(format!("{name} wants a value")),
            });
        }
        Ok(value)
    }

    /// What is left, none of which may look like an option.
    ///
    /// # Errors
    /// When an option is left.
    pub fn words(self) -> Result<Vec<String>, String> {
        match self.rest.iter().find(|arg| arg.starts_with('-')) {
            Some(arg) => Err(format!("{arg} is not understood; --help lists what is")),
            None => Ok(self.rest),
        }
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// When something is.
    pub fn none(self) -> Result<(), String> {
        match self.words()?.first() {
            Some(word) => Err(format!("{word} is not understood; --help lists what is")),
            None => Ok(()),
        }
    }
}

fn named(arg: &str, name: &str) -> bool {
    arg.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args::new(
            &text
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn options_are_taken_and_words_left() {
        let mut a = args("--prefix /a x --quick --prefix=/b");
        assert!(a.switch("--quick"));
        assert!(!a.switch("--quick"));
        assert_eq!(a.value("--prefix"), Ok(Some("/b".to_owned())));
        assert_eq!(a.value("--destdir"), Ok(None));
        assert_eq!(a.words(), Ok(vec!["x".to_owned()]));
    }

    #[test]
    fn nothing_is_ignored() {
        assert!(args("--prefix").value("--prefix").is_err());
        assert!(args("--prefixes x").words().is_err());
        assert!(args("x").none().is_err());
        assert!(args("").none().is_ok());
    }
}
