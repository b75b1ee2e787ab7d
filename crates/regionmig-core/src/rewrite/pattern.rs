//! Event patterns of EventBridge.

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, ObjectProp, Value};

use super::Rewriter;
use super::error::RewriteError;
use super::image::{Form, Image};
use super::json::{At, name, parse};
use super::report::Rewritten;
use super::scribe::{How, Scribe};

/// Members of an event whose value is a region's name: its own, and that in what CloudTrail records.
const REGIONS: [&str; 2] = ["/region", "/detail/awsRegion"];

/// Rewrites an event pattern (EventBridge user guide, "Comparison operators for use in event patterns").
pub(super) fn rewrite(rewriter: &Rewriter, text: &str) -> Result<Rewritten, RewriteError> {
    let document = parse(text)?;
    let mut scribe = Scribe::new(rewriter, "event pattern", text);
    let object = match &document {
        Value::Object(object) => object,
        other => return Err(scribe.malformed(other, &At::Whole, "an event pattern is an object")),
    };
    scribe.pattern(object, &At::Whole, &mut String::new())?;
    Ok(scribe.finish())
}

impl Scribe<'_, '_> {
    /// `path` names the member of the event, and `at` where the pattern speaks of it: `$or` is in the one only.
    fn pattern(&mut self, pattern: &Object<'_>, at: &At<'_>, path: &mut String) -> Result<(), RewriteError> {
        pattern.properties.iter().try_for_each(|member| self.member(member, at, path))
    }

    fn member(&mut self, member: &ObjectProp<'_>, at: &At<'_>, path: &mut String) -> Result<(), RewriteError> {
        let at = At::Member(at, name(member));
        if let Some(branches) = branches(member) {
            let mut branches = branches.into_iter().enumerate();
            return branches.try_for_each(|(index, branch)| self.pattern(branch, &At::Element(&at, index), path));
        }
        let length = path.len();
        path.push('/');
        path.push_str(name(member));
        let done = match &member.value {
            Value::Object(object) => self.pattern(object, &at, path),
            Value::Array(_) if REGIONS.contains(&path.as_str()) => self.tests(&member.value, &at, &[Form::Region]),
            Value::Array(_) => self.tests(&member.value, &at, &[Form::Arn]),
            other => Err(self.malformed(other, &at, "a member of an event pattern is an object or a list of tests")),
        };
        path.truncate(length);
        done
    }

    /// Rewrites the tests of one member of an event, one of which must hold.
    fn tests(&mut self, list: &Value<'_>, at: &At<'_>, forms: &[Form]) -> Result<(), RewriteError> {
        let how = if self.rewriter.is_adding { How::Add } else { How::Replace };
        self.values(list, at, forms, how);
        let Value::Array(array) = list else { return Ok(()) };
        let tests = array.elements.iter().filter_map(|element| element.as_object());
        let present: BTreeSet<(&str, &str)> = tests.filter_map(|test| text_of(test)).collect();
        for (index, element) in array.elements.iter().enumerate() {
            let at = At::Element(at, index);
            match element {
                Value::Object(test) => {
                    let only = only(test).ok_or_else(|| self.malformed(element, &at, "a test has one operator"))?;
                    let at = At::Member(&at, name(only));
                    check(name(only), &only.value).map_err(|why| self.malformed(&only.value, &at, why))?;
                    self.test(only, test, &at, (forms, how), &present);
                }
                Value::Array(_) => return Err(self.malformed(element, &at, "a test is no list")),
                _ => {}
            }
        }
        Ok(())
    }

    /// Rewrites one test that is an object; `present` are those of the list that compare with one text.
    fn test(
        &mut self,
        member: &ObjectProp<'_>,
        test: &Object<'_>,
        at: &At<'_>,
        (forms, how): (&[Form], How),
        present: &BTreeSet<(&str, &str)>,
    ) {
        match (name(member), &member.value) {
            (operator @ ("equals-ignore-case" | "prefix" | "wildcard"), Value::StringLit(text)) => {
                let (image, rule) = match image_of_test(self.rewriter, operator, &text.value, forms) {
                    Image::Becomes(image, rule) => (image, rule),
                    other => return self.report.note(at.pointer(), &text.value, &other),
                };
                if how != How::Add {
                    return self.change(text, at.pointer(), (image, rule), how, (&[], false));
                }
                if !image.known().is_some_and(|image| present.contains(&(operator, image))) {
                    self.report.replaced(at.pointer(), &text.value, (&image, rule), true);
                    self.edits.insert(test.range.end, format!(", {{\"{operator}\": "), Some(image), "}");
                }
            }
            // What is excepted stays excepted.
            ("anything-but", Value::StringLit(_) | Value::Array(_)) => self.values(&member.value, at, forms, How::Add),
            ("anything-but", Value::Object(excepted)) => {
                excepted
                    .properties
                    .iter()
                    .for_each(|member| self.excepted(member, &At::Member(at, name(member)), forms));
            }
            (_, value) => self.unruled(value, at),
        }
    }

    /// Rewrites what `anything-but` excepts by a comparison: the new value joins the former.
    fn excepted(&mut self, member: &ObjectProp<'_>, at: &At<'_>, forms: &[Form]) {
        let operator = name(member);
        if !matches!(operator, "equals-ignore-case" | "prefix" | "wildcard") {
            return self.unruled(&member.value, at);
        }
        let rewriter = self.rewriter;
        self.values_by(&member.value, at, How::Add, |text| image_of_test(rewriter, operator, text, forms));
    }
}

/// Says what becomes of a text that a test compares with: a prefix is a pattern that ends in `*`, if it is not a whole name.
fn image_of_test(rewriter: &Rewriter, operator: &str, text: &str, forms: &[Form]) -> Image {
    let exact = rewriter.image(text, forms);
    let is_name = forms.contains(&Form::Region) && matches!(exact, Image::Becomes(..));
    if operator != "prefix" || is_name {
        return exact;
    }
    match rewriter.image(&format!("{text}*"), forms) {
        Image::Becomes(image, rule) => Image::Becomes(image.without_end("*"), rule),
        other => other,
    }
}

/// Checks what an operator compares with.
fn check(operator: &str, value: &Value<'_>) -> Result<(), &'static str> {
    let is_text = |value: &Value<'_>| matches!(value, Value::StringLit(_));
    let is_single = |value: &Value<'_>| !matches!(value, Value::Array(_) | Value::Object(_));
    let all = |value: &Value<'_>, is: &dyn Fn(&Value<'_>) -> bool| match value {
        Value::Array(array) => array.elements.iter().all(is),
        value => is(value),
    };
    let inner = value.as_object().and_then(only).map(|only| (name(only), &only.value));
    let holds = match operator {
        "prefix" | "suffix" => {
            is_text(value) || inner.is_some_and(|(name, value)| name == "equals-ignore-case" && is_text(value))
        }
        "cidr" | "equals-ignore-case" | "wildcard" => is_text(value),
        "anything-but" => match inner {
            Some((name, value)) => {
                matches!(name, "equals-ignore-case" | "prefix" | "suffix" | "wildcard") && all(value, &is_text)
            }
            None => all(value, &is_single),
        },
        "exists" => matches!(value, Value::BooleanLit(_)),
        "numeric" => matches!(value, Value::Array(_)) && all(value, &is_single),
        _ => return Err("no such operator is known"),
    };
    if holds { Ok(()) } else { Err("the operator compares with something else") }
}

/// Returns the member of an object that has one.
fn only<'v, 't>(object: &'v Object<'t>) -> Option<&'v ObjectProp<'t>> {
    if let [only] = object.properties.as_slice() { Some(only) } else { None }
}

/// Returns the operator and the text of a test that has one of each.
fn text_of<'v>(test: &'v Object<'_>) -> Option<(&'v str, &'v str)> {
    let only = only(test)?;
    only.value.as_string_lit().map(|text| (name(only), &*text.value))
}

/// Returns the patterns one of which must take the event, if that is what a member says.
fn branches<'v, 't>(member: &'v ObjectProp<'t>) -> Option<Vec<&'v Object<'t>>> {
    let Value::Array(array) = &member.value else { return None };
    let object = |element: &'v Value<'t>| if let Value::Object(object) = element { Some(object) } else { None };
    let branches: Option<Vec<_>> = array.elements.iter().map(object).collect();
    branches.filter(|branches| name(member) == "$or" && branches.len() > 1)
}
