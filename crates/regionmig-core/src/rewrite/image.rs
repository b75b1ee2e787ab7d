//! What a single value becomes.

use super::arn::ArnPattern;
use super::glob::{is_pattern, matches, names};
use super::host::Host;
use super::kinds::{self, Kind, Name};
use super::report::{Lack, Rule, Stay};
use super::{Allowance, Rewriter};
use crate::ids::{AppClientId, Arn, Identifier, IdentityPoolId, KeyArn, ResourceId, Template, UserPoolId, says_more};
use crate::region::SignInEndpoint;
use crate::route::End;

/// A form of values that a rule is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// An ARN, or a pattern for some.
    Arn,
    /// The host of a service, alone or in a URL; that of a user pool's issuer among them.
    Host,
    /// The id of an identity pool.
    IdentityPool,
    /// The id of a key.
    KeyId,
    /// The principal of a service.
    Principal,
    /// The name of a region.
    Region,
    /// A SAML sign-in endpoint.
    SignIn,
    /// The id of a user pool.
    UserPool,
}

/// What a value becomes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Image {
    /// This.
    Becomes(Template, Rule),
    /// It stays, though it names the source.
    Kept(Stay),
    /// It should change, and cannot.
    Lost(Lack),
    /// It does not name the source.
    Same,
}

/// What an identifier of the source is in the target.
enum Counterpart {
    /// A step of the plan makes it.
    Coming(ResourceId),
    Known(String),
}

impl Rewriter {
    /// Returns what `text` becomes, if it has one of these forms; what has none and names the source is lost.
    pub(super) fn image(&self, text: &str, forms: &[Form]) -> Image {
        // The sign-in endpoint of us-east-1 and the id of a key do not say so.
        let is_quiet = || forms.iter().any(|form| matches!(form, Form::KeyId | Form::SignIn));
        if text == "*" || !(self.may_name(text) || is_quiet()) {
            return Image::Same;
        }
        match forms.iter().find_map(|form| self.image_of(*form, text)) {
            Some(Image::Becomes(image, _)) if image.known() == Some(text) => Image::Same,
            Some(image) => image,
            None => self.mention(text),
        }
    }

    /// Returns whether a value could name the source: most do not, and need no closer look.
    fn may_name(&self, text: &str) -> bool {
        is_pattern(text)
            || text.contains(self.route.source.region.as_str())
            || (self.moves_account() && text.contains(self.route.source.account.as_str()))
    }

    /// Judges a value that no rule is about.
    fn mention(&self, text: &str) -> Image {
        if let Some(arn) = ArnPattern::parse(text) {
            // Of an ARN it can be told whether it names the source, whatever stands around it.
            return match self.arn(text, &arn) {
                Image::Becomes(..) => Image::Lost(Lack::NoRule),
                image => image,
            };
        }
        match () {
            () if names(text, self.route.source.region.as_str()) => Image::Lost(Lack::NoRule),
            () if self.moves_account() && names(text, self.route.source.account.as_str()) => Image::Lost(Lack::Account),
            () => Image::Same,
        }
    }

    fn image_of(&self, form: Form, text: &str) -> Option<Image> {
        match form {
            Form::Arn => ArnPattern::parse(text).map(|arn| self.arn(text, &arn)),
            Form::Host => Host::parse(text, &self.route.source).map(|host| self.host(&host)),
            Form::IdentityPool => self.pool::<IdentityPoolId>(text),
            Form::KeyId => self.key_id(text),
            Form::Principal => Host::parse(text, &self.route.source).map(|host| self.principal(&host)),
            Form::Region => self.region(text),
            Form::SignIn => self.sign_in(text),
            Form::UserPool => self.pool::<UserPoolId>(text),
        }
    }

    fn region(&self, text: &str) -> Option<Image> {
        let (source, target) = (self.route.source.region.as_str(), self.route.target.region.as_str());
        match text {
            _ if text == source => Some(Image::Becomes(Template::from(target), Rule::TheRegion)),
            _ if is_pattern(text) && matches(text, source) => Some(self.region_pattern(text)),
            _ => None,
        }
    }

    /// Judges a pattern that takes the source's region.
    fn region_pattern(&self, pattern: &str) -> Image {
        match matches(pattern, self.route.target.region.as_str()) {
            true => Image::Kept(Stay::CoversTarget),
            false => Image::Lost(Lack::Pattern),
        }
    }

    fn sign_in(&self, text: &str) -> Option<Image> {
        let Ok(endpoint) = text.parse::<SignInEndpoint>() else {
            // `https://*.signin.aws.amazon.com/saml` and the like.
            let of = |end: &End| SignInEndpoint::of(&end.region).to_string();
            let takes = |end| is_pattern(text) && matches(text, &of(end));
            return match (takes(&self.route.source), takes(&self.route.target)) {
                (true, true) => Some(Image::Kept(Stay::CoversTarget)),
                (true, false) => Some(Image::Lost(Lack::Pattern)),
                _ => None,
            };
        };
        if endpoint.region() != Some(&self.route.source.region) {
            return Some(Image::Same);
        }
        let target = &self.route.target.region;
        let fips = endpoint.is_fips().then(|| SignInEndpoint::fips(target)).flatten();
        let image = fips.unwrap_or_else(|| SignInEndpoint::of(target));
        // A provider is global, and so is its id.
        let image = endpoint.provider().cloned().into_iter().fold(image, SignInEndpoint::with_provider);
        Some(Image::Becomes(Template::from(image.to_string()), Rule::SignIn))
    }

    fn pool<I: Identifier>(&self, text: &str) -> Option<Image> {
        let pool: I = text.parse().ok()?;
        names(text, self.route.source.region.as_str()).then(|| match self.counterpart(&ResourceId::of(&pool)) {
            Some(counterpart) => self.becomes(Template::default(), counterpart, ""),
            None => Image::Lost(Lack::NoCounterpart),
        })
    }

    fn key_id(&self, text: &str) -> Option<Image> {
        let key = KeyArn::new(&self.route.source, text).ok()?;
        match self.counterpart(&ResourceId::of(&key))? {
            Counterpart::Known(target) => {
                let target: KeyArn = target.parse().ok()?;
                Some(Image::Becomes(Template::from(target.id()), Rule::Counterpart))
            }
            // A hole is filled with the whole ARN.
            Counterpart::Coming(_) => Some(Image::Lost(Lack::NoCounterpart)),
        }
    }

    /// Judges an ARN, whatever stands around it.
    fn arn(&self, text: &str, arn: &ArnPattern<'_>) -> Image {
        let (source, target) = (&self.route.source, &self.route.target);
        if !matches(arn.partition, source.partition.as_str()) {
            return self.name_in(text);
        }
        match arn.region {
            "" => return self.global(text, arn),
            region if region == source.region.as_str() => {}
            pattern if is_pattern(pattern) && matches(pattern, source.region.as_str()) => {
                return match matches(pattern, target.region.as_str()) {
                    false => Image::Lost(Lack::Pattern),
                    true if self.moves_account() && arn.account == source.account.as_str() => {
                        Image::Lost(Lack::Account)
                    }
                    true => self.any_region(arn),
                };
            }
            _ => return self.name_in(text),
        }
        match arn.account {
            account if account == source.account.as_str() => self.resource(text, arn),
            "aws" => Image::Kept(Stay::AwsOwned),
            // Those of API Gateway and of public images have none: whose they are cannot be told.
            "" => match self.whole(text) {
                Some(Image::Becomes(image, _)) if account_of(&image).is_empty() => {
                    Image::Becomes(image, Rule::Counterpart)
                }
                Some(_) => Image::Lost(Lack::Outside),
                None => Image::Lost(Lack::NoCounterpart),
            },
            account if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
                Image::Kept(Stay::OtherAccount)
            }
            _ => Image::Lost(Lack::Pattern),
        }
    }

    /// Judges an ARN whose region is a pattern for source and target: what is named alike in both stays. What is not has an id that
    /// the service chose.
    fn any_region(&self, arn: &ArnPattern<'_>) -> Image {
        let has_id = |kind: &Kind| !kind.is_called_alike(arn.resource) && !kind.is_every(arn.resource);
        let may_be_ours = matches(arn.account, self.route.source.account.as_str());
        match may_be_ours && arn.resource != "*" && kinds::of(arn.service, arn.resource).is_some_and(has_id) {
            true => Image::Lost(Lack::Pattern),
            false => Image::Same,
        }
    }

    /// Judges the ARN of something that has no region.
    fn global(&self, text: &str, arn: &ArnPattern<'_>) -> Image {
        if self.moves_account() && arn.account == self.route.source.account.as_str() {
            return Image::Lost(Lack::Account);
        }
        let provider = (arn.service == "iam").then(|| arn.resource.strip_prefix("oidc-provider/")).flatten();
        match provider.and_then(|issuer| Host::parse(issuer, &self.route.source)) {
            Some(host) => match self.host(&host) {
                Image::Becomes(issuer, rule) => {
                    let before = Template::from(&text[..text.len() - arn.resource.len()]).text("oidc-provider/");
                    Image::Becomes(before.append(issuer), rule)
                }
                image => image,
            },
            None => self.name_in(text),
        }
    }

    fn name_in(&self, text: &str) -> Image {
        match names(text, self.route.source.region.as_str()) {
            true => Image::Kept(Stay::Name),
            false => Image::Same,
        }
    }

    /// Says what becomes of what the source's account has in the source's region.
    fn resource(&self, text: &str, arn: &ArnPattern<'_>) -> Image {
        let kind = kinds::of(arn.service, arn.resource);
        if let Some(image) = self.mapped(text, arn, kind) {
            return image;
        }
        let rule = match kind {
            _ if arn.resource == "*" => Rule::EveryOfKind,
            Some(kind) if kind.is_called_alike(arn.resource) => Rule::SameName,
            Some(kind) if kind.is_every(arn.resource) => Rule::EveryOfKind,
            _ if is_pattern(arn.resource) => return Image::Lost(Lack::Pattern),
            _ => return Image::Lost(Lack::NoCounterpart),
        };
        match self.moves_account() {
            true => Image::Lost(Lack::Account),
            false => Image::Becomes(arn.at(&self.route.target).text(arn.resource), rule),
        }
    }

    /// Says what an ARN becomes if the map knows just that.
    fn whole(&self, text: &str) -> Option<Image> {
        let counterpart = (self.knows_arns && !is_pattern(text))
            .then(|| self.counterpart(&ResourceId::new(Arn::KIND, text)))
            .flatten()?;
        Some(self.becomes(Template::default(), counterpart, ""))
    }

    /// Says what an ARN becomes by the map alone: the whole, or the thing that the rest of it belongs to.
    fn mapped(&self, text: &str, arn: &ArnPattern<'_>, kind: Option<&Kind>) -> Option<Image> {
        if let Some(image) = self.whole(text) {
            return Some(image);
        }
        let kind = kind?;
        let (id, rest) = part_of(kind, arn.resource)?;
        let head = &text[..text.len() - rest.len()];
        match kind.name {
            Name::ChosenArn(of) | Name::MintedArn(of) => {
                let counterpart = self.counterpart(&ResourceId::new(of, head))?;
                Some(self.becomes(Template::default(), counterpart, rest))
            }
            Name::MintedId(of) => {
                let counterpart = self.counterpart(&ResourceId::new(of, id))?;
                Some(self.becomes(arn.at(&self.route.target).text(kind.prefix), counterpart, rest))
            }
            Name::Chosen | Name::Minted => None,
        }
    }

    fn host(&self, host: &Host<'_>) -> Image {
        let (source, target) = (self.route.source.region.as_str(), &self.route.target);
        match host {
            Host::Issuer { head, pool, rest } => self.issuer(head, pool, rest),
            Host::OfThing => Image::Lost(Lack::HostOfThing),
            Host::Service { region, .. } if is_pattern(region) => match matches(region, source) {
                true => self.region_pattern(region),
                false => Image::Same,
            },
            Host::Service { head, region, suffix, rest } if *region == source => {
                let suffix = suffix.of(target.partition);
                let image = [head, target.region.as_str(), ".", suffix, rest].concat();
                Image::Becomes(Template::from(image), Rule::ServiceHost)
            }
            Host::Service { .. } => Image::Same,
        }
    }

    /// Says what the issuer of a user pool's tokens becomes, or the name of the provider that it is to an identity pool, with the
    /// client that may follow after a colon.
    fn issuer(&self, head: &str, pool: &str, rest: &str) -> Image {
        let Some(counterpart) = self.counterpart(&ResourceId::new(UserPoolId::KIND, pool)) else {
            return Image::Lost(Lack::NoCounterpart);
        };
        let target = &self.route.target;
        let head = format!("{head}{}.{}/", target.region, target.partition.dns_suffix());
        let Image::Becomes(image, rule) = self.becomes(Template::from(head), counterpart, "") else {
            return Image::Lost(Lack::Outside);
        };
        let Some(client) = rest.strip_prefix(':') else { return Image::Becomes(image.text(rest), rule) };
        match self.counterpart(&ResourceId::new(AppClientId::KIND, client)) {
            Some(counterpart) => self.becomes(image.text(":"), counterpart, ""),
            None => Image::Lost(Lack::NoCounterpart),
        }
    }

    /// Says what the principal of a service for one region becomes: that of the same service for the target's.
    fn principal(&self, host: &Host<'_>) -> Image {
        match self.host(host) {
            Image::Becomes(..) if !self.allowed.contains(&Allowance::ServicePrincipal) => Image::Lost(Lack::Principal),
            Image::Becomes(image, Rule::ServiceHost) => Image::Becomes(image, Rule::ServicePrincipal),
            Image::Becomes(..) => Image::Lost(Lack::Principal),
            image => image,
        }
    }

    fn counterpart(&self, id: &ResourceId) -> Option<Counterpart> {
        match self.ids.pair(id) {
            Some((_, target)) => Some(Counterpart::Known(target.to_string())),
            None => self.coming.get(id).map(|hole| Counterpart::Coming(hole.clone())),
        }
    }

    fn becomes(&self, before: Template, counterpart: Counterpart, rest: &str) -> Image {
        let image = match counterpart {
            Counterpart::Coming(id) => before.target(id),
            Counterpart::Known(target) if self.is_outside(&target) => return Image::Lost(Lack::Outside),
            Counterpart::Known(target) => before.text(target),
        };
        Image::Becomes(image.text(rest), Rule::Counterpart)
    }

    /// Returns whether a counterpart would bring in what was not there: a pattern, a variable, another account.
    fn is_outside(&self, target: &str) -> bool {
        let account = ArnPattern::parse(target).map_or("", |arn| arn.account);
        says_more(target) || !(account.is_empty() || account == self.route.target.account.as_str())
    }

    fn moves_account(&self) -> bool {
        self.route.source.account != self.route.target.account
    }
}

/// Returns the account of an ARN that is known: empty, if it names none.
fn account_of(image: &Template) -> &str {
    image.known().and_then(ArnPattern::parse).map_or("?", |arn| arn.account)
}

/// Splits the resource part of an ARN into the id of the thing, and what of the thing is meant.
fn part_of<'a>(kind: &Kind, resource: &'a str) -> Option<(&'a str, &'a str)> {
    let name = resource.strip_prefix(kind.prefix)?;
    // The name of a secret has slashes, and that of no other thing which is known by an identifier here.
    let end = match kind.name {
        Name::ChosenArn(_) => name.len(),
        // `eu-west-1:1234..` has a colon of its own.
        Name::MintedId(of) if of == IdentityPoolId::KIND => name.find('/').unwrap_or(name.len()),
        _ => name.find(['/', ':']).unwrap_or(name.len()),
    };
    Some(name.split_at(end)).filter(|(id, _)| !is_pattern(id))
}
