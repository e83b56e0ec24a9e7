//! Lines for the log.

use napi_derive::napi;
use wts_session::Event;
use wts_session::binding::caller;

/// A line for the log.
#[napi(object, object_from_js = false)]
pub struct Line {
    pub text: String,
    /// True if it tells of something that is not as it should be.
    pub is_warning: bool,
    /// The id of the call that it is about.
    pub call: Option<u32>,
}

impl From<&Event<'_>> for Line {
    fn from(event: &Event<'_>) -> Self {
        let is_warning = match event {
            Event::SharedLimits(event) => event.is_warning(),
            event => matches!(event, Event::Retry { .. } | Event::Pause { .. }),
        };
        Self { text: event.to_string(), is_warning, call: caller() }
    }
}
