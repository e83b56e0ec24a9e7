//! The native half of the Python package `wts_session`: converts, calls core, converts back.

mod async_calls;
mod bulk;
mod client;
mod convert;
mod error;
mod logging;
mod mailbox;
mod own_client;
mod ready;

#[pyo3::pymodule(gil_used = false)]
mod _wts_session {
    use pyo3::prelude::*;

    use crate::mailbox::stop_ringing;

    #[pymodule_export]
    use crate::async_calls::{AsyncCalls, Call};
    #[pymodule_export]
    use crate::bulk::BulkRun;
    #[pymodule_export]
    use crate::client::{Client, complete_session, update_session_status};

    #[pymodule_export]
    use crate::mailbox::Settled;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", wts_session::VERSION)?;
        let py = module.py();
        crate::ready::be_ready(py)?;
        py.import("atexit")?.call_method1("register", (wrap_pyfunction!(stop_ringing, module)?,))?;
        module.add("error_classes", crate::error::classes(py)?)
    }
}
