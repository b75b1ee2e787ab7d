//! What was rewritten, what was not, and why.

use std::fmt;

use super::image::Image;
use crate::finding::{Finding, Severity, code};
use crate::ids::{ResourceId, Template};

/// A document as it should stand in the target, and what was done to make it.
///
/// What is in neither list names nothing of the source.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Rewritten<D = Template> {
    /// The document. Byte for byte what was read, but for the replacements; with holes for what steps have yet to make.
    pub document: D,
    /// What was replaced or added, in the order of the document.
    pub replacements: Vec<Replacement>,
    /// What names the source and should change, and cannot: in the order of the document.
    pub unresolved: Vec<Unresolved>,
    /// What names the source and is meant to stay: in the order of the document.
    pub kept: Vec<Kept>,
}

impl<D> Rewritten<D> {
    /// Takes note that a value becomes another, or is joined by it.
    pub(super) fn replaced(&mut self, at: String, before: &str, (after, rule): (&Template, Rule), is_added: bool) {
        let after = after.known().map_or_else(|| after.to_string(), str::to_owned);
        self.replacements.push(Replacement { at, before: before.to_owned(), after, rule, is_added });
    }

    /// Takes note that a value was left alone.
    pub(super) fn lose(&mut self, at: String, value: &str, lack: Lack) {
        self.unresolved.push(Unresolved { at, value: value.to_owned(), lack });
    }

    /// Takes note of a value that does not change.
    pub(super) fn note(&mut self, at: String, value: &str, image: &Image) {
        match image {
            Image::Kept(stay) => self.kept.push(Kept { at, value: value.to_owned(), stay: *stay }),
            Image::Lost(lack) => self.lose(at, value, *lack),
            Image::Becomes(..) | Image::Same => {}
        }
    }

    /// Returns whether nothing was changed.
    pub fn is_unchanged(&self) -> bool {
        self.replacements.is_empty()
    }

    /// Says all that a plan should show: what was replaced, as notes, what a person must decide, as actions, and what
    /// merely contains the name of the region, as a note. `what` is the document, such as `its policy`.
    pub fn findings(&self, subject: &ResourceId, what: &str) -> Vec<Finding> {
        let replaced = lines(&self.replacements).map(|lines| {
            Finding::new(Severity::Note, code::REWRITTEN, format!("{what} is rewritten: {lines}"))
                .about(subject.clone())
        });
        let unresolved = lines(&self.unresolved).map(|lines| {
            Finding::new(Severity::Action, code::UNRESOLVED, format!("{what} names the source still: {lines}"))
                .about(subject.clone())
                .remedy("decide what these parts should say in the target; map what has a counterpart")
        });
        let names: Vec<&Kept> = self.kept.iter().filter(|kept| kept.stay == Stay::Name).collect();
        let named = lines(&names).map(|lines| {
            Finding::new(
                Severity::Note,
                code::NAMES_SOURCE,
                format!("{what} has names that contain the source's: {lines}"),
            )
            .about(subject.clone())
        });
        [replaced, unresolved, named].into_iter().flatten().collect()
    }
}

fn lines<T: fmt::Display>(items: &[T]) -> Option<String> {
    let lines: Vec<String> = items.iter().map(T::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// One value that was replaced, or joined by another.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Replacement {
    /// Where, in the document that was read: a JSON pointer (RFC 6901).
    pub at: String,
    /// The value that was there.
    pub before: String,
    /// The value for the target; a hole is shown as `{kind:id}`.
    pub after: String,
    /// By which rule.
    pub rule: Rule,
    /// Whether the former value stays beside the new one.
    pub is_added: bool,
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, before, after, rule, is_added } = self;
        let verb = if *is_added { "gets besides" } else { "becomes" };
        write!(f, "at `{at}` {before} {verb} {after} ({rule})")
    }
}

/// Why a value becomes what it becomes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Rule {
    /// The map says what it has become, or a step of the plan will make it.
    Counterpart,
    /// A pattern for all of its kind.
    EveryOfKind,
    /// What a service that lets its callers choose names calls the same in every region.
    SameName,
    /// The host of the same service in the target.
    ServiceHost,
    /// The principal of the same service for the target.
    ServicePrincipal,
    /// The sign-in endpoint of the target.
    SignIn,
    /// The name of the region itself.
    TheRegion,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counterpart => "its counterpart",
            Self::EveryOfKind => "all of its kind in the target",
            Self::SameName => "it has the same name in every region",
            Self::ServiceHost => "the same service in the target",
            Self::ServicePrincipal => "the same service's principal for the target",
            Self::SignIn => "the target's sign-in endpoint",
            Self::TheRegion => "the region itself",
        })
    }
}

/// One value that should change, and was left alone.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Unresolved {
    /// Where, in the document that was read: a JSON pointer (RFC 6901).
    pub at: String,
    /// The value.
    pub value: String,
    /// Why it was left alone.
    pub lack: Lack,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at `{}` {}: {}", self.at, self.value, self.lack)
    }
}

/// Why a value that names the source was left alone.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Lack {
    /// It is the source's account, and the target has another.
    Account,
    /// It is part of what decides whether a statement that denies, or one with an exception, still does: changing it could widen
    /// access. See [`Rewriter::dangerously_allow`](super::Rewriter::dangerously_allow).
    CouldWiden,
    /// The policy denies, or excepts from what it allows, something that cannot be carried over. What it allows is not either, lest
    /// it be allowed in the target without that.
    Denied,
    /// The statement is true where the value is missing (`ForAllValues`, `..IfExists`), so that changing it could widen access.
    IsTrueWithout,
    /// A host's name holds the id of a thing, and nothing maps it.
    HostOfThing,
    /// It has no counterpart that is known. Say which it is with [`Migration::map`](crate::Migration::map).
    NoCounterpart,
    /// No rule is about what stands there, or about a value of that form.
    NoRule,
    /// What it has become lies in an account, or holds a pattern, that was not there before.
    Outside,
    /// A pattern takes the source, and not the target; or things of several accounts; or some ids that a service chose.
    Pattern,
    /// Principals are never changed.
    Principal,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "the target has another account",
            Self::CouldWiden => "changing it could widen access",
            Self::Denied => "the policy denies what cannot be carried over, so what it allows is not either",
            Self::HostOfThing => "the host belongs to one thing, and which it becomes is not known",
            Self::IsTrueWithout => "the condition holds where there is no value, so changing it could widen access",
            Self::NoCounterpart => "no counterpart is known",
            Self::NoRule => "no rule is about it",
            Self::Outside => "its counterpart lies in another account or is a pattern",
            Self::Pattern => "the pattern takes the source, and what it should take in the target is not certain",
            Self::Principal => "principals are not changed",
        })
    }
}

/// One value that names the source and is meant to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// Where, in the document that was read: a JSON pointer (RFC 6901).
    pub at: String,
    /// The value.
    pub value: String,
    /// Why it stays.
    pub stay: Stay,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at `{}` {}: {}", self.at, self.value, self.stay)
    }
}

/// Why a value that names the source stays.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stay {
    /// AWS owns it.
    AwsOwned,
    /// It is a pattern that takes the target, too.
    CoversTarget,
    /// It belongs to the name of something that is not regional, or is elsewhere.
    Name,
    /// Another account owns it.
    OtherAccount,
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwsOwned => "AWS owns it",
            Self::CoversTarget => "it takes the target, too",
            Self::Name => "it is part of a name",
            Self::OtherAccount => "another account owns it",
        })
    }
}
