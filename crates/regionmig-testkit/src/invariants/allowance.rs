//! How far what was done may differ from what is done when nothing goes wrong.

/// How far what was done may differ from what is done when nothing goes wrong.
///
/// A second request that makes no second thing is no harm; so it is allowed where AWS is late to do, or late to show, what
/// it was asked for. A second thing is allowed only beyond what any client can know, and must be reported then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Allowance {
    /// Whether a thing may be there twice.
    pub(crate) doubles: bool,
    /// How often a request may be carried out that makes no second thing.
    pub(crate) repeats: usize,
}
