//! The variables of the environment. Nothing else in this library reads them.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::text::trimmed;

type LookUp = Rc<dyn Fn(&str) -> Option<OsString>>;

static IS_IGNORED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// How this thread reads variables, if not from the process.
    static LOOK_UP: RefCell<Option<LookUp>> = const { RefCell::new(None) };
}

/// No variable counts any more: whoever set them has fewer rights than this program, which is setuid for example.
pub fn ignore_environment() {
    IS_IGNORED.store(true, Ordering::Relaxed);
}

/// Does `work`, which reads variables by `look_up`: for languages whose variables are not those of the process, or where
/// another thread may change them while they are read.
pub fn with_variables<T>(look_up: impl Fn(&str) -> Option<OsString> + 'static, work: impl FnOnce() -> T) -> T {
    let _restored = Restored(LOOK_UP.replace(Some(Rc::new(look_up))));
    work()
}

/// Puts back what was there, also if the work panics.
struct Restored(Option<LookUp>);

impl Drop for Restored {
    fn drop(&mut self) {
        LOOK_UP.set(self.0.take());
    }
}

pub(crate) fn variable(name: &str) -> Option<OsString> {
    if IS_IGNORED.load(Ordering::Relaxed) {
        return None;
    }
    // A thread that ends, or runs exit handlers, has no such value any more.
    match LOOK_UP.try_with(|look_up| look_up.borrow().clone()).ok().flatten() {
        Some(look_up) => look_up(name),
        None => env::var_os(name),
    }
}

/// The value of a setting; a blank one counts as none.
pub(crate) fn setting(name: &str) -> Option<String> {
    text(name).filter(|value| !trimmed(value).is_empty())
}

/// What is not UTF-8 has to be refused as an invalid value, not taken for absent.
pub(crate) fn text(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{setting, variable, with_variables};

    #[test]
    fn variables_are_looked_up_during_the_work_alone() {
        let of_process = variable("PATH");
        let doubled = |name: &str| Some(format!("{name}{name}").into());
        let read =
            with_variables(doubled, || (setting("PATH"), with_variables(|_| None, || setting("PATH")), setting("A")));
        assert_eq!(read, (Some("PATHPATH".to_owned()), None, Some("AA".to_owned())));
        let panicked = catch_unwind(AssertUnwindSafe(|| with_variables(|_| None, || panic!("as the test wants it"))));
        assert!(panicked.is_err());
        assert!(of_process.is_some());
        assert_eq!(variable("PATH"), of_process);
    }
}
