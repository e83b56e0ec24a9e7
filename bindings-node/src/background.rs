//! The one thread of this process that drives all calls.

use std::sync::{Arc, Mutex};

use wts_session::Error;
use wts_session::binding::Background;

use crate::mutex::locked;

pub(crate) fn background() -> Result<Arc<Background>, Error> {
    static RUNNING: Mutex<Option<Arc<Background>>> = Mutex::new(None);
    let mut running = locked(&RUNNING);
    if let Some(background) = &*running {
        return Ok(Arc::clone(background));
    }
    let background = Arc::new(Background::start()?);
    *running = Some(Arc::clone(&background));
    Ok(background)
}
