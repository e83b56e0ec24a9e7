/** The version of this header; `wts_version()` gives the one of the library that is running. */
#define WTS_VERSION "@VERSION@"
#define WTS_VERSION_MAJOR @MAJOR@
#define WTS_VERSION_MINOR @MINOR@
#define WTS_VERSION_PATCH @PATCH@

/** Initialises a `wts_update_options` with the defaults. */
#define WTS_UPDATE_OPTIONS_INIT {sizeof(wts_update_options), false, {0}}
/** Initialises a `wts_complete_options` with the defaults. */
#define WTS_COMPLETE_OPTIONS_INIT {sizeof(wts_complete_options), false, false, {0}}
