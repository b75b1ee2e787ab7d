//! The only loop over pages.
// REQ: E-1

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Debug;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use regionmig_core::{Gap, Listing};

use crate::error::Error;

/// More pages than this are taken for a token that never ends.
const MOST_PAGES: usize = 10_000;

/// Turns what came of a request into this crate's [`Error`].
///
/// Implemented for what the SDK's `send` returns and for what [`Clients::read`](crate::Clients::read)
/// returns.
pub trait Answer {
    /// The operation's output.
    type Output;

    /// Returns the output, or says what is wrong with `action`.
    ///
    /// # Errors
    ///
    /// Fails if the request did.
    fn answer(self, action: &'static str) -> Result<Self::Output, Error>;
}

impl<O> Answer for Result<O, Error> {
    type Output = O;

    fn answer(self, _action: &'static str) -> Self {
        self
    }
}

impl<O, E> Answer for Result<O, SdkError<E, HttpResponse>>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    type Output = O;

    fn answer(self, action: &'static str) -> Result<O, Error> {
        self.map_err(Error::of(action))
    }
}

/// Reads pages with `send`, which is given the token that `next` found in the page before.
///
/// Nothing is sent before [`Pages::list`] or [`Pages::each`].
pub fn pages<T, S, F, N>(action: &'static str, send: S, next: N) -> Pages<S, N>
where
    T: Clone + Debug + PartialEq + Send + 'static,
    S: FnMut(Option<T>) -> F,
    F: Future<Output: Answer>,
    N: Fn(&<F::Output as Answer>::Output) -> Option<T>,
{
    Pages { action, send, next }
}

/// The pages of one listing, not read yet. [`pages`] makes it.
#[derive(Debug)]
#[must_use = "nothing is read before `list` or `each`"]
pub struct Pages<S, N> {
    action: &'static str,
    send: S,
    next: N,
}

impl<S, N> Pages<S, N> {
    /// Reads every page into a listing, which says so where they broke off.
    ///
    /// `read` takes over what is on a page; if it fails, the listing breaks off there.
    pub async fn list<T, F, K, V>(
        self,
        mut read: impl FnMut(<F::Output as Answer>::Output, &mut Listing<K, V>) -> Result<(), Error>,
    ) -> Listing<K, V>
    where
        T: Clone + Debug + PartialEq + Send + 'static,
        S: FnMut(Option<T>) -> F,
        F: Future<Output: Answer>,
        N: Fn(&<F::Output as Answer>::Output) -> Option<T>,
        K: Ord,
    {
        let mut listing = Listing::default();
        match self.each(|page| read(page, &mut listing)).await {
            Ok(()) => listing,
            Err(gap) => listing.truncated(gap),
        }
    }

    /// Reads every page, for pages that hold things of several kinds.
    ///
    /// # Errors
    ///
    /// Fails if a page could not be read, if `read` fails, if a token comes a second time, or if there is
    /// no end to them: then there may be more, and whatever is listed from the pages must say so.
    pub async fn each<T, F>(
        mut self,
        mut read: impl FnMut(<F::Output as Answer>::Output) -> Result<(), Error>,
    ) -> Result<(), Gap>
    where
        T: Clone + Debug + PartialEq + Send + 'static,
        S: FnMut(Option<T>) -> F,
        F: Future<Output: Answer>,
        N: Fn(&<F::Output as Answer>::Output) -> Option<T>,
    {
        let gap = |error: Error| Gap::new(self.action, &error);
        let mut seen: Vec<T> = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = (self.send)(seen.last().cloned()).await.answer(self.action).map_err(gap)?;
            let token = (self.next)(&page).filter(|token| !is_empty(token));
            read(page).map_err(gap)?;
            let Some(token) = token else { return Ok(()) };
            if seen.contains(&token) {
                return Err(gap(Error::unexpected(self.action, "a page's token came a second time")));
            }
            seen.push(token);
        }
        Err(gap(Error::unexpected(self.action, format!("there is no end after {MOST_PAGES} pages"))))
    }
}

/// Some services end a listing with an empty token.
fn is_empty(token: &dyn Any) -> bool {
    token.downcast_ref::<String>().is_some_and(String::is_empty)
}
