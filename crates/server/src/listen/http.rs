//! HTTP with its bounds. How long anything may take is not said here: a connection as a whole has its times.

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;

/// The bytes of a request's head.
const HEAD: usize = 32 * 1024;
/// Of HTTP/1: the headers of a request, and the bytes that are read ahead.
const HEADERS: usize = 100;
const AHEAD: usize = 64 * 1024;
/// Of HTTP/2: requests at once on one connection; bytes that may be on their way for one of them, for all of them, and to
/// the client.
const STREAMS: u32 = 128;
const WINDOW: u32 = 256 * 1024;
const WINDOWS: u32 = 1024 * 1024;
const SENDING: usize = 64 * 1024;
/// Of HTTP/2: requests that were cancelled before anybody looked at them, and that were broken. With more of either the
/// connection ends.
const CANCELLED: usize = 20;
const BROKEN: usize = 100;
/// Of HTTP/2: after how much silence the other side is asked whether it is there, and how long it has to say so.
const ARE_YOU_THERE: Duration = Duration::from_mins(1);
const I_AM: Duration = Duration::from_secs(10);

/// Both versions, ready to serve connections.
pub(super) struct Http {
    pub(super) one: http1::Builder,
    pub(super) two: http2::Builder<TokioExecutor>,
}

impl Http {
    pub(super) fn bounded() -> Self {
        let mut one = http1::Builder::new();
        one.timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_headers(HEADERS)
            .max_header_size(HEAD)
            .max_buf_size(AHEAD);
        let mut two = http2::Builder::new(TokioExecutor::new());
        two.timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(CANCELLED)
            .max_local_error_reset_streams(BROKEN)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOWS)
            .max_send_buf_size(SENDING)
            .keep_alive_interval(ARE_YOU_THERE)
            .keep_alive_timeout(I_AM);
        Self { one, two }
    }
}
