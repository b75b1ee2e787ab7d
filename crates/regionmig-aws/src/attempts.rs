//! How often the SDK sends one request.

use std::cell::Cell;

tokio::task_local! {
    static SENT: Cell<u32>;
}

/// Counts one more attempt of what [`counted`] waits for. Of what was not sent through it, nothing is counted.
pub(crate) fn count() {
    // Not counted, if nobody wants to know.
    let _counted = SENT.try_with(|sent| sent.set(sent.get().saturating_add(1)));
}

/// Returns what comes of `send`, and whether its request was sent more than once.
pub(crate) async fn counted<F: Future>(send: F) -> (F::Output, bool) {
    let counted = async {
        let output = send.await;
        (output, SENT.try_with(Cell::get).is_ok_and(|sent| sent > 1))
    };
    SENT.scope(Cell::new(0), counted).await
}
