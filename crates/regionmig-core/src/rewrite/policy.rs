//! IAM policies: which of their values may change, and how without widening access.

use jsonc_parser::ast::{ObjectProp, Value};

use super::arn::ArnPattern;
use super::error::RewriteError;
use super::glob::is_pattern;
use super::image::{Form, Image};
use super::json::{At, each_text, name, parse};
use super::keys;
use super::report::{Lack, Rewritten};
use super::scribe::{How, Scribe};
use super::{Allowance, Rewriter};

/// The condition operators that compare texts, without what may stand before and after them (IAM user guide, "Condition operators").
const OPERATORS: [&str; 10] = [
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// The values of one element or one test of a condition: when a statement is about a request, and when not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Test {
    is_allowing: bool,
    /// More values make the statement be about fewer requests.
    is_negated: bool,
    /// It holds where there is no value.
    is_true_without: bool,
    /// The statement tests the same key elsewhere.
    is_repeated: bool,
}

impl Test {
    /// Returns whether the test takes from what is allowed: it denies, or excepts from what is allowed.
    fn is_denying(self) -> bool {
        self.is_allowing == self.is_negated
    }
}

impl Rewriter {
    /// Says how a value may change without widening access.
    ///
    /// More values make a plain test of a statement take more requests, and a negated one fewer. A statement that denies must
    /// never take fewer, one that allows never more than the images of what it took. So what allows plainly is replaced; what
    /// allows with an exception, or denies plainly, keeps the former value; what denies with an exception changes with leave only.
    // REQ: E-11
    fn how(&self, test: Test) -> How {
        let moved = if self.is_adding { How::Add } else { How::Replace };
        match test {
            Test { is_true_without: true, .. } => How::Not(Lack::IsTrueWithout),
            // Two tests that never held together could, once one of them is about the target.
            Test { is_repeated: true, .. } => How::Not(Lack::CouldWiden),
            Test { is_allowing: true, is_negated: false, .. } => moved,
            Test { is_allowing: true, is_negated: true, .. } => How::Add,
            Test { is_allowing: false, is_negated: false, .. } => match self.allowed.contains(&Allowance::DenyMoves) {
                true => moved,
                false => How::Add,
            },
            Test { is_allowing: false, is_negated: true, .. } => match self.allowed.contains(&Allowance::DenyException)
            {
                true => moved,
                false => How::Not(Lack::CouldWiden),
            },
        }
    }
}

/// Rewrites a policy.
pub(super) fn rewrite(rewriter: &Rewriter, text: &str) -> Result<Rewritten, RewriteError> {
    let document = parse(text)?;
    let mut scribe = Scribe::new(rewriter, "policy", text);
    scribe.policy(&document)?;
    Ok(scribe.finish())
}

impl Scribe<'_, '_> {
    fn policy(&mut self, policy: &Value<'_>) -> Result<(), RewriteError> {
        let whole = At::Whole;
        let members = self.members(policy, &whole, "a policy is an object, and not a text that holds one")?;
        let Some(statements) = members.iter().find(|member| name(member) == "Statement") else {
            return Err(self.malformed(policy, &whole, "a policy has a Statement"));
        };
        for member in members.iter().filter(|member| !matches!(name(member), "Id" | "Statement" | "Version")) {
            self.unruled(&member.value, &At::Member(&whole, name(member)));
        }
        let at = At::Member(&whole, "Statement");
        match &statements.value {
            Value::Array(array) => {
                let mut statements = array.elements.iter().enumerate();
                statements.try_for_each(|(index, statement)| self.statement(statement, &At::Element(&at, index)))
            }
            statement => self.statement(statement, &at),
        }
    }

    fn statement(&mut self, statement: &Value<'_>, at: &At<'_>) -> Result<(), RewriteError> {
        let members = self.members(statement, at, "a statement is an object")?;
        let effect = members.iter().find(|member| name(member) == "Effect").map(|member| &member.value);
        let is_allowing = match effect {
            Some(Value::StringLit(effect)) if effect.value == "Allow" => true,
            Some(Value::StringLit(effect)) if effect.value == "Deny" => false,
            Some(other) => return Err(self.malformed(other, &At::Member(at, "Effect"), "Effect is `Allow` or `Deny`")),
            None => return Err(self.malformed(statement, at, "a statement has an Effect")),
        };
        for member in members {
            let at = At::Member(at, name(member));
            let test = Test { is_allowing, is_negated: false, is_true_without: false, is_repeated: false };
            match name(member) {
                // They say nothing; a Sid may be called after a region.
                "Effect" | "Sid" => {}
                "Resource" => self.tested(&member.value, &at, &[Form::Arn], test)?,
                "NotResource" => self.tested(&member.value, &at, &[Form::Arn], Test { is_negated: true, ..test })?,
                "Principal" => self.principals(&member.value, &at, test)?,
                "NotPrincipal" => self.principals(&member.value, &at, Test { is_negated: true, ..test })?,
                "Condition" => self.condition(&member.value, &at, test)?,
                "Action" | "NotAction" => self.check_texts(&member.value, &at)?,
                _ => self.unruled(&member.value, &at),
            }
        }
        Ok(())
    }

    /// Principals are not changed, but for those of services where that is allowed by name.
    fn principals(&mut self, value: &Value<'_>, at: &At<'_>, test: Test) -> Result<(), RewriteError> {
        let Value::Object(object) = value else {
            self.unnamed(value, at);
            return self.check_texts(value, at);
        };
        for member in &object.properties {
            let at = At::Member(at, name(member));
            self.check_texts(&member.value, &at)?;
            match name(member) {
                "Service" if !test.is_negated => {
                    self.values(&member.value, &at, &[Form::Principal], self.rewriter.how(test));
                }
                _ => self.unnamed(&member.value, &at),
            }
        }
        Ok(())
    }

    /// Takes note of principals that name the source.
    fn unnamed(&mut self, value: &Value<'_>, at: &At<'_>) {
        each_text(value, at, &mut |text, at| match self.rewriter.image(&text.value, &[]) {
            Image::Lost(Lack::NoRule | Lack::NoCounterpart) => {
                self.report.lose(at.pointer(), &text.value, Lack::Principal);
            }
            other => self.report.note(at.pointer(), &text.value, &other),
        });
    }

    fn condition(&mut self, value: &Value<'_>, at: &At<'_>, test: Test) -> Result<(), RewriteError> {
        let mut tests = Vec::new();
        for operator in self.members(value, at, "a Condition is an object")? {
            let within = At::Member(at, name(operator));
            let keys = self.members(&operator.value, &within, "a condition operator has an object of keys")?;
            tests.extend(keys.iter().map(|key| (name(operator), key)));
        }
        for (operator, key) in &tests {
            let within = At::Member(at, operator);
            let at = At::Member(&within, name(key));
            if !matches!(self.rewriter.image(name(key), &[]), Image::Same) {
                // `cognito-idp.eu-west-1.amazonaws.com/..:aud`: it goes with the principal.
                self.report.lose(at.pointer(), name(key), Lack::Principal);
            }
            if keys::is_tag(name(key)) {
                self.check_texts(&key.value, &at)?;
                self.unruled(&key.value, &at);
                continue;
            }
            let others = tests.iter().filter(|(_, other)| name(other).eq_ignore_ascii_case(name(key)));
            let is_repeated = others.count() > 1;
            match Operator::parse(operator) {
                Some(Operator { is_negated, is_true_without }) => {
                    let test = Test { is_negated, is_true_without, is_repeated, ..test };
                    self.tested(&key.value, &at, keys::forms(name(key)), test)?;
                }
                // What it takes with its values is not known: it may except from what is allowed, or deny.
                None => {
                    let test = Test { is_repeated: true, is_negated: test.is_allowing, ..test };
                    self.tested(&key.value, &at, &[], test)?;
                }
            }
        }
        Ok(())
    }

    /// Rewrites the values of one element, or of one key of a condition.
    ///
    /// Where something that is denied, or excepted, in the source cannot be in the target, what is allowed may not arrive there
    /// either.
    fn tested(&mut self, value: &Value<'_>, at: &At<'_>, forms: &[Form], test: Test) -> Result<(), RewriteError> {
        self.check_texts(value, at)?;
        let (rewriter, how) = (self.rewriter, self.rewriter.how(test));
        let mut are_carried = true;
        self.values_by(value, at, how, |text| {
            let image = rewriter.image(text, forms);
            are_carried &= is_carried(text, &image, forms, how);
            image
        });
        if test.is_denying() && !are_carried {
            self.withhold();
        }
        Ok(())
    }

    fn check_texts(&self, value: &Value<'_>, at: &At<'_>) -> Result<(), RewriteError> {
        let is_single = |value: &Value<'_>| !matches!(value, Value::Array(_) | Value::Object(_));
        match value {
            Value::Array(array) => match array.elements.iter().position(|element| !is_single(element)) {
                Some(index) => Err(self.malformed(
                    &array.elements[index],
                    &At::Element(at, index),
                    "a value of a list is no list or object",
                )),
                None => Ok(()),
            },
            value if is_single(value) => Ok(()),
            value => Err(self.malformed(value, at, "it is a value or a list of values")),
        }
    }

    fn members<'v, 't>(
        &self,
        value: &'v Value<'t>,
        at: &At<'_>,
        why: &str,
    ) -> Result<&'v [ObjectProp<'t>], RewriteError> {
        match value {
            Value::Object(object) => Ok(&object.properties),
            other => Err(self.malformed(other, at, why)),
        }
    }
}

/// Returns whether a value takes of the target what it takes of the source, before or after it becomes its image.
fn is_carried(text: &str, image: &Image, forms: &[Form], how: How) -> bool {
    match image {
        Image::Becomes(..) => !matches!(how, How::Not(_)),
        Image::Kept(_) => true,
        Image::Lost(_) => false,
        Image::Same => forms.is_empty() || !is_pattern(text) || takes_all_regions(text),
    }
}

/// Returns whether a pattern that does not name the source is known to take the same of every region: an ARN that was read, one
/// whose region comes before any pattern, and one that leaves the region open, as `arn:aws:sns:*` does and `arn:aws:sns:m*` does not.
fn takes_all_regions(pattern: &str) -> bool {
    let literal = pattern.find(['*', '?']).map_or(pattern, |at| &pattern[..at]);
    let is_open = || match literal.matches(':').count() {
        parts @ 0..=3 => pattern[literal.len()..] == *"*" && (parts < 3 || literal.ends_with(':')),
        _ => true,
    };
    pattern == "*" || ArnPattern::parse(pattern).is_some() || (pattern.starts_with("arn:") && is_open())
}

/// A condition operator that compares texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Operator {
    is_negated: bool,
    is_true_without: bool,
}

impl Operator {
    /// Reads one. Those that compare numbers, dates, addresses and the like, and those that are not known, are `None`.
    fn parse(name: &str) -> Option<Self> {
        let (set, rest) = ["ForAllValues:", "ForAnyValue:"]
            .into_iter()
            .find_map(|set| Some((Some(set), name.strip_prefix(set)?)))
            .unwrap_or((None, name));
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        OPERATORS.contains(&base).then(|| Self {
            is_negated: base.contains("Not"),
            is_true_without: if_exists || set == Some("ForAllValues:"),
        })
    }
}
