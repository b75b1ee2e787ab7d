//! The clients of one service, by end, and the way requests are sent.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_types::SdkConfig;
use regionmig_core::End;
use tracing::Instrument;

use crate::access::{Access, Role};
use crate::attempts;
use crate::endpoint;
use crate::error::Error;
use crate::pages::Answer;

/// Makes a client of one service.
type Make<C> = dyn Fn(&SdkConfig) -> C + Send + Sync;

/// The clients of one service. [`Access::clients`] makes it. Cheap to clone.
///
/// For each end there are two, each made once: a *reader*, which keeps the retries of the caller's settings
/// (standard ones by default; an attempt may take 30 s and all together 120 s, unless the settings say
/// otherwise), and a *writer*, which never sends a request twice, and waits 60 s for its answer: longer if the
/// settings say so, and never shorter, since a change whose answer was not waited for is one in doubt.
///
/// [`read`](Self::read) and [`write`](Self::write) send with them at the [`Pace`](crate::Pace) of the action, and
/// say in an error where it happened. What is sent with a client itself is sent at once.
///
/// ```no_run
/// # async fn example(access: regionmig_aws::Access, end: regionmig_core::End) -> Result<(), regionmig_aws::Error> {
/// let tables = access.clients(aws_sdk_dynamodb::Client::new);
/// let found = tables
///     .read(&end, "dynamodb:DescribeTable", |client| client.describe_table().table_name("config").send())
///     .await?;
/// # let _ = found; Ok(())
/// # }
/// ```
pub struct Clients<C>(Arc<Shared<C>>);

struct Shared<C> {
    access: Access,
    make: Arc<Make<C>>,
    made: Mutex<HashMap<(End, Role), C>>,
}

impl<C> Clients<C> {
    pub(crate) fn new(access: Access, make: Arc<Make<C>>) -> Self {
        Self(Arc::new(Shared { access, make, made: Mutex::default() }))
    }

    /// Returns what the clients are made from.
    pub fn access(&self) -> &Access {
        &self.0.access
    }
}

impl<C: Clone> Clients<C> {
    /// Returns the client that reads at `end`, the same at each call.
    pub fn reader(&self, end: &End) -> C {
        self.client(end, Role::Reader)
    }

    /// Returns the client that changes things at `end`, the same at each call. It sends each request once.
    pub fn writer(&self, end: &End) -> C {
        self.client(end, Role::Writer)
    }

    /// Sends one request that reads, at the pace of its action.
    ///
    /// # Errors
    ///
    /// Fails if the request does; the error says `action` and `end`.
    pub async fn read<F, A>(
        &self,
        end: &End,
        action: &'static str,
        send: impl FnOnce(C) -> F + Send,
    ) -> Result<A::Output, Error>
    where
        F: Future<Output = A> + Send,
        A: Answer,
    {
        self.send(end, None, Role::Reader, action, send).await
    }

    /// Sends one request that changes something, once, at the pace of its action.
    ///
    /// # Errors
    ///
    /// Fails if the request does; the error says `action` and `end`, and its kind whether the change may have
    /// been made.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits for its turn, nothing was sent. Dropped later, the change may have been made.
    pub async fn write<F, A>(
        &self,
        end: &End,
        action: &'static str,
        send: impl FnOnce(C) -> F + Send,
    ) -> Result<A::Output, Error>
    where
        F: Future<Output = A> + Send,
        A: Answer,
    {
        self.send(end, None, Role::Writer, action, send).await
    }

    /// Sends one request to `end` that changes something at `other`, too, once, when it is its turn at both.
    ///
    /// ReplicateKey and UpdatePrimaryRegion of KMS are such: AWS counts them in both regions.
    ///
    /// # Errors
    ///
    /// As of [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// As of [`write`](Self::write).
    pub async fn write_across<F, A>(
        &self,
        end: &End,
        other: &End,
        action: &'static str,
        send: impl FnOnce(C) -> F + Send,
    ) -> Result<A::Output, Error>
    where
        F: Future<Output = A> + Send,
        A: Answer,
    {
        self.send(end, Some(other), Role::Writer, action, send).await
    }

    async fn send<F, A>(
        &self,
        end: &End,
        other: Option<&End>,
        role: Role,
        action: &'static str,
        send: impl FnOnce(C) -> F + Send,
    ) -> Result<A::Output, Error>
    where
        F: Future<Output = A> + Send,
        A: Answer,
    {
        let pace = self.0.access.pace();
        match other {
            Some(other) => pace.wait_across(end, other, action).await,
            None => pace.wait(end, action).await,
        }
        let span = tracing::debug_span!("request", action, %end);
        // Boxed, since a request of the SDK is a future of many kilobytes, and so would be all that waits for it.
        let request = Box::pin(send(self.client(end, role)).instrument(span));
        let (answer, repeated) = attempts::counted(request).await;
        let answer = answer.answer(action);
        let throttled = match &answer {
            Err(error) if error.is_throttle() => Some(true),
            // What proves nothing of the pace changes nothing.
            Err(error) if error.code().is_none() => None,
            // What the SDK had to repeat, it was throttled or failed before, and it says nothing of that.
            _ => Some(repeated),
        };
        match (throttled, other) {
            (Some(throttled), Some(other)) => pace.note_across(end, other, action, throttled),
            (Some(throttled), None) => pace.note(end, action, throttled),
            (None, _) => {}
        }
        answer.map_err(|error| error.at(end))
    }

    fn client(&self, end: &End, role: Role) -> C {
        let mut made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || endpoint::guarded(&self.0.access.config(end, role), &*self.0.make);
        made.entry((end.clone(), role)).or_insert_with(make).clone()
    }
}

impl<C> Clone for Clients<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for Clients<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("access", &self.0.access).finish_non_exhaustive()
    }
}
