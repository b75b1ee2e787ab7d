//! The one loop through which all items go.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, Join, Ready, join, ready};
use futures::stream::{Fuse, FuturesUnordered};
use futures::{FutureExt, Stream, StreamExt};

use super::gate::Gate;
use super::options::ItemOptions;
use super::progress::Meter;
use super::{Told, Weigh};

/// What became of an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::reencrypt) enum Outcome {
    Done,
    Failed,
    NotBegun,
}

/// An item that ended.
pub(in crate::reencrypt) struct Ended<O> {
    /// The how-manieth of the source it was.
    pub(in crate::reencrypt) number: u64,
    pub(in crate::reencrypt) output: O,
    weight: usize,
}

/// Items of a source, so many at once, in so much memory. Nothing is spawned: to drop it is to stop all.
///
/// An item is *held* from when it is taken from the source until it is given out.
pub(in crate::reencrypt) struct Flow<S: Stream, B, F: Future> {
    source: Fuse<Pin<Box<S>>>,
    begin: B,
    /// Each with its number and weight.
    under_way: FuturesUnordered<Join<F, Ready<(u64, usize)>>>,
    /// Those that ended and wait for an earlier one.
    ended: BTreeMap<u64, Ended<F::Output>>,
    /// One that there is no room for yet.
    waiting: Option<S::Item>,
    /// The number of the next that is begun.
    next: u64,
    /// The number of the next that is given out, if that is in order.
    in_order: Option<u64>,
    /// Only below this number is anything begun.
    until: u64,
    /// What those hold that are held, without the one that waits.
    bytes: usize,
    at_once: usize,
    bytes_at_once: usize,
    gate: Gate,
    /// Wakes when the gate opens; while there is none, it was open when it was last looked at.
    opening: Option<BoxFuture<'static, ()>>,
    /// Wakes when it is to stop; none, once it is.
    stopped: Option<BoxFuture<'static, ()>>,
    meter: Meter,
}

impl<S, B, F> Flow<S, B, F>
where
    S: Stream<Item: Weigh>,
    B: FnMut(u64, S::Item) -> F,
    F: Future<Output: Told>,
{
    /// Makes one that has `begin` begin each item. An item must end at once if it is told to stop before its first request.
    pub(in crate::reencrypt) fn new(source: S, begin: B, options: &ItemOptions) -> Self {
        Self {
            source: Box::pin(source).fuse(),
            begin,
            under_way: FuturesUnordered::new(),
            ended: BTreeMap::new(),
            waiting: None,
            next: 0,
            in_order: options.in_order.then_some(0),
            until: u64::MAX,
            bytes: 0,
            at_once: options.at_once,
            bytes_at_once: options.bytes_at_once,
            gate: options.gate.clone(),
            opening: None,
            stopped: Some(options.stop.clone().cancelled_owned().boxed()),
            meter: Meter::new(Arc::clone(&options.clock), options.observer.clone(), options.total),
        }
    }

    /// Has nothing begin from this number on. To be looked at, the flow must be polled again.
    pub(in crate::reencrypt) fn until(&mut self, number: u64) {
        self.until = number;
    }

    /// Returns how many items there were, if the source has come to its end.
    pub(in crate::reencrypt) fn total(&self) -> Option<u64> {
        (self.source.is_done() && self.waiting.is_none()).then_some(self.next)
    }

    /// Begins what there is room for. Ready, if there is nothing more to begin.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_stopped(cx) {
            // The one that was taken says itself that it was not begun.
            if let Some(item) = self.waiting.take() {
                self.push(item);
            }
            return Poll::Ready(());
        }
        loop {
            if self.held() >= self.at_once || self.next >= self.until || self.is_paused(cx) {
                return Poll::Pending;
            }
            let item = match self.waiting.take() {
                Some(item) => item,
                None => match self.source.poll_next_unpin(cx) {
                    Poll::Ready(Some(item)) => item,
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                },
            };
            let fits = self.bytes.checked_add(item.weight()).is_some_and(|bytes| bytes <= self.bytes_at_once);
            // One that is too large for any room goes alone.
            if !fits && self.held() > 0 {
                self.waiting = Some(item);
                return Poll::Pending;
            }
            self.push(item);
        }
    }

    fn push(&mut self, item: S::Item) {
        let (number, weight) = (self.next, item.weight());
        self.under_way.push(join((self.begin)(number, item), ready((number, weight))));
        self.bytes = self.bytes.saturating_add(weight);
        self.next += 1;
    }

    fn held(&self) -> usize {
        self.under_way.len() + self.ended.len()
    }

    fn is_stopped(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(stopped) = &mut self.stopped
            && stopped.poll_unpin(cx).is_ready()
        {
            self.stopped = None;
        }
        self.stopped.is_none()
    }

    fn is_paused(&mut self, cx: &mut Context<'_>) -> bool {
        while self.opening.is_some() || self.gate.is_closed() {
            let opening = self.opening.get_or_insert_with(|| self.gate.clone().passed().boxed());
            if opening.poll_unpin(cx).is_pending() {
                return true;
            }
            self.opening = None;
        }
        false
    }

    /// Returns the next that is to be given out, of those that ended before their turn.
    fn turn(&mut self) -> Option<Ended<F::Output>> {
        let turn = self.in_order.as_mut()?;
        let ended = self.ended.remove(turn)?;
        *turn += 1;
        Some(ended)
    }

    fn give(&mut self, ended: Ended<F::Output>) -> Poll<Option<Ended<F::Output>>> {
        self.bytes = self.bytes.saturating_sub(ended.weight);
        match ended.output.outcome() {
            Outcome::NotBegun => {}
            outcome => self.meter.ended(outcome == Outcome::Done, ended.weight),
        }
        Poll::Ready(Some(ended))
    }
}

/// What must not move is in boxes.
impl<S: Stream, B, F: Future> Unpin for Flow<S, B, F> {}

impl<S, B, F> Stream for Flow<S, B, F>
where
    S: Stream<Item: Weigh>,
    B: FnMut(u64, S::Item) -> F,
    F: Future<Output: Told>,
{
    type Item = Ended<F::Output>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let flow = &mut *self;
        loop {
            if let Some(ended) = flow.turn() {
                return flow.give(ended);
            }
            let is_all = flow.fill(cx).is_ready();
            match flow.under_way.poll_next_unpin(cx) {
                Poll::Ready(Some((output, (number, weight)))) => {
                    let ended = Ended { number, output, weight };
                    if flow.in_order.is_none() {
                        return flow.give(ended);
                    }
                    flow.ended.insert(number, ended);
                }
                Poll::Ready(None) if is_all => {
                    flow.meter.close();
                    return Poll::Ready(None);
                }
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}
