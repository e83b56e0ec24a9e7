//! What a JavaScript environment, mostly a thread's, has open ends with it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Weak;

use napi::{Env, Result};

/// So many entries are kept at least before those that have ended by themselves are removed.
const MIN_ENTRIES: usize = 64;

/// Something that must not outlive its environment.
pub(crate) trait Ends {
    /// Ends it now.
    fn end(&self);
}

#[derive(Default)]
struct Open {
    entries: Vec<Weak<dyn Ends>>,
    /// How many of them were left when they were last looked through.
    left: usize,
}

impl Open {
    fn add(&mut self, entry: Weak<dyn Ends>) {
        if self.entries.len() >= MIN_ENTRIES.max(2 * self.left) {
            self.entries.retain(|entry| entry.strong_count() > 0);
            self.left = self.entries.len();
        }
        self.entries.push(entry);
    }
}

/// Ends `entry` with the environment, unless it has ended before. Finalizers do not suffice: Deno runs none when a worker is
/// terminated.
pub(crate) fn end_with_environment(env: Env, entry: Weak<dyn Ends>) -> Result<()> {
    let open = match env.get_instance_data::<Rc<RefCell<Open>>>()? {
        Some(open) => Rc::clone(open),
        None => watch(env)?,
    };
    open.borrow_mut().add(entry);
    Ok(())
}

fn watch(env: Env) -> Result<Rc<RefCell<Open>>> {
    let open = Rc::<RefCell<Open>>::default();
    env.set_instance_data(Rc::clone(&open), (), |_| ())?;
    env.add_env_cleanup_hook(Rc::clone(&open), |open| {
        let entries = std::mem::take(&mut open.borrow_mut().entries);
        entries.iter().filter_map(Weak::upgrade).for_each(|entry| entry.end());
    })?;
    Ok(open)
}
