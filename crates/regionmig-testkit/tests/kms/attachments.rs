//! What is attached to keys: aliases, tags, policies, grants.

use aws_sdk_kms::types::GrantOperation;
use regionmig_core::End;
use regionmig_testkit::{World, reference_account};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, ROLE, arn, call, client, code, created, days, here, key, refused, sdk_code};

#[test]
fn an_alias_is_made_moved_and_taken_away() {
    let (world, here) = (World::new(), here());
    let (one, two) = (key(&world, &here), key(&world, &here));
    let put = |operation: &str, key: &str| json!([operation, { "AliasName": "alias/a", "TargetKeyId": key }]);
    let run = |step: Value| call(&world, &here, step[0].as_str().unwrap(), step[1].clone());
    run(put("CreateAlias", &one));
    let exists = format!("An alias with the name arn:aws:kms:eu-central-1:{ACCOUNT}:alias/a already exists");
    let twice = json!({ "AliasName": "alias/a", "TargetKeyId": two });
    assert_eq!(refused(&world, &here, "CreateAlias", twice), ("AlreadyExistsException".into(), exists));
    world.clock().advance(days(1));
    run(put("UpdateAlias", &two));
    let of = |key: &str| call(&world, &here, "ListAliases", json!({ "KeyId": key }))["Aliases"].clone();
    assert_eq!(of(&one), json!([]));
    let listed = &of(&two)[0];
    assert_eq!(listed["AliasArn"], json!(format!("arn:aws:kms:eu-central-1:{ACCOUNT}:alias/a")));
    assert_eq!(listed["TargetKeyId"], json!(two));
    let (made, updated) = (listed["CreationDate"].as_f64().unwrap(), listed["LastUpdatedDate"].as_f64().unwrap());
    assert!((updated - made - 86_400.0).abs() < 0.001);
    call(&world, &here, "DeleteAlias", json!({ "AliasName": "alias/a" }));
    assert_eq!(code(&world, &here, "DeleteAlias", json!({ "AliasName": "alias/a" })), "NotFoundException");
    let missing = json!({ "AliasName": "alias/a", "TargetKeyId": one });
    assert_eq!(code(&world, &here, "UpdateAlias", missing), "NotFoundException");
    assert!(world.kms_keys(&here).iter().all(|key| key.aliases.is_empty()));
}

#[test]
fn not_every_text_is_an_alias() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let create =
        |name: &str, key: &str| refused(&world, &here, "CreateAlias", json!({ "AliasName": name, "TargetKeyId": key }));
    let prefix = "Alias must start with the prefix \"alias/\". Please see \
                  https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
    assert_eq!(create("some-alias", &id), ("ValidationException".into(), prefix.into()));
    assert_eq!(create("alias/aws/mine", &id).0, "NotAuthorizedException");
    assert_eq!(create("alias/a:b", &id).1, "alias/a:b contains invalid characters for an alias");
    assert!(create("alias/a b", &id).1.contains("regular expression pattern: ^[a-zA-Z0-9:/_-]+$"));
    assert_eq!(create("alias/b", "alias/a").1, "Aliases must refer to keys. Not aliases");
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/awsome", "TargetKeyId": id }));
}

#[test]
fn an_alias_moves_between_keys_of_one_type_and_usage_only() {
    let (world, here) = (World::new(), here());
    let symmetric = key(&world, &here);
    let make = |spec: &str, usage: &str| created(&world, &here, json!({ "KeySpec": spec, "KeyUsage": usage }));
    let (rsa, signing) = (make("RSA_2048", "ENCRYPT_DECRYPT"), make("RSA_2048", "SIGN_VERIFY"));
    let ecc = make("ECC_NIST_P256", "SIGN_VERIFY");
    let point = |operation: &str, key: &str| {
        world.ask(&here, &format!("kms:{operation}"), json!({ "AliasName": "alias/a", "TargetKeyId": key }))
    };
    point("CreateAlias", &symmetric).unwrap();
    for other in [&rsa, &signing] {
        assert_eq!(point("UpdateAlias", other).unwrap_err().code, "ValidationException");
    }
    call(&world, &here, "DeleteAlias", json!({ "AliasName": "alias/a" }));
    point("CreateAlias", &signing).unwrap();
    point("UpdateAlias", &ecc).unwrap();
    assert_eq!(point("UpdateAlias", &rsa).unwrap_err().code, "ValidationException");
}

#[test]
fn tags_are_put_replaced_and_taken_away() {
    let (world, here) = (World::new(), here());
    let id = created(&world, &here, json!({ "Tags": [{ "TagKey": "b", "TagValue": "1" }] }));
    let tag = |tags: Value| world.ask(&here, "kms:TagResource", json!({ "KeyId": id, "Tags": tags }));
    tag(json!([{ "TagKey": "b", "TagValue": "2" }, { "TagKey": "a", "TagValue": "" }])).unwrap();
    let listed = || call(&world, &here, "ListResourceTags", json!({ "KeyId": id }))["Tags"].clone();
    assert_eq!(listed(), json!([{ "TagKey": "a", "TagValue": "" }, { "TagKey": "b", "TagValue": "2" }]));
    call(&world, &here, "UntagResource", json!({ "KeyId": id, "TagKeys": ["a", "not there"] }));
    assert_eq!(listed(), json!([{ "TagKey": "b", "TagValue": "2" }]));
    let twice = tag(json!([{ "TagKey": "c", "TagValue": "" }, { "TagKey": "c", "TagValue": "1" }])).unwrap_err();
    assert_eq!((twice.code.as_str(), twice.message.as_str()), ("TagException", "Duplicate tag keys"));
    for reserved in ["aws:a", "AWS:a", "aWs:a"] {
        let refusal = tag(json!([{ "TagKey": reserved, "TagValue": "" }])).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("TagException", "Tags beginning with aws: are reserved")
        );
        assert_eq!(code(&world, &here, "UntagResource", json!({ "KeyId": id, "TagKeys": [reserved] })), "TagException");
    }
    assert_eq!(tag(json!([{ "TagKey": "a{b}", "TagValue": "" }])).unwrap_err().code, "TagException");
    assert_eq!(listed(), json!([{ "TagKey": "b", "TagValue": "2" }]));
}

#[test]
fn fifty_tags_are_enough_but_those_of_aws_do_not_count() {
    let (world, here) = (World::new(), here());
    let tags = |n: usize| (0..n).map(|n| json!({ "TagKey": format!("t{n}"), "TagValue": "" })).collect::<Value>();
    let many = refused(&world, &here, "CreateKey", json!({ "Tags": tags(51) }));
    assert_eq!(many, ("TagException".into(), "Too many tags".into()));
    let seeded = world.kms(&here).tag("aws:cloudformation:stack-name", "s").make();
    call(&world, &here, "TagResource", json!({ "KeyId": seeded.id(), "Tags": tags(50) }));
    let more = json!({ "KeyId": seeded.id(), "Tags": [{ "TagKey": "more", "TagValue": "" }] });
    assert_eq!(refused(&world, &here, "TagResource", more).1, "Too many tags");
    assert_eq!(world.kms_keys(&here)[0].tags.len(), 51);
}

#[test]
fn a_policy_is_kept_and_shown_another_way() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let get = || call(&world, &here, "GetKeyPolicy", json!({ "KeyId": id }))["Policy"].as_str().unwrap().to_owned();
    let recorded = json!({
        "Version": "2012-10-17", "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
        }],
    });
    assert_eq!(serde_json::from_str::<Value>(&get()).unwrap(), recorded);
    let policy = format!(
        r#"{{ "Statement":  {{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"kms:*","Resource":"*"}} }}"#
    );
    call(&world, &here, "PutKeyPolicy", json!({ "KeyId": id, "PolicyName": "default", "Policy": policy }));
    let shown = get();
    assert!(shown.contains("\n    \"Effect\" : \"Allow\","), "{shown}");
    let wanted = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*",
    }] });
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), wanted);
    assert_eq!(world.kms_keys(&here)[0].policy, policy, "what was given is what is kept");
    assert_eq!(call(&world, &here, "ListKeyPolicies", json!({ "KeyId": id }))["PolicyNames"], json!(["default"]));
    let other = json!({ "KeyId": id, "PolicyName": "other", "Policy": policy });
    assert_eq!(code(&world, &here, "PutKeyPolicy", other), "NotFoundException");
    let shared = json!({ "KeyId": id, "PolicyName": "AWS_RAM", "Policy": policy });
    assert_eq!(code(&world, &here, "PutKeyPolicy", shared), "ValidationException");
}

#[test]
fn a_policy_that_names_a_deleted_principal_is_shown_and_never_taken() {
    let (world, here) = (World::new(), here());
    let policy = |principals: Value| {
        let statement =
            json!({ "Effect": "Allow", "Principal": { "AWS": principals }, "Action": "kms:*", "Resource": "*" });
        json!({ "Statement": [statement] }).to_string()
    };
    let of_the_dead = policy(json!([ACCOUNT, "AROACKCEVSQ6C2EXAMPLE"]));
    let primary = world.kms(&here).multi_region().policy(&of_the_dead).make();
    let shown = call(&world, &here, "GetKeyPolicy", json!({ "KeyId": primary.id() }));
    assert!(shown["Policy"].as_str().unwrap().contains("AROACKCEVSQ6C2EXAMPLE"));
    for (operation, mut input) in [
        ("CreateKey", json!({ "BypassPolicyLockoutSafetyCheck": true })),
        ("PutKeyPolicy", json!({ "KeyId": primary.id() })),
        ("ReplicateKey", json!({ "KeyId": primary.id(), "ReplicaRegion": "eu-west-1" })),
    ] {
        input["Policy"] = json!(of_the_dead);
        let wanted = "Policy contains a statement with one or more invalid principals.";
        let answered = refused(&world, &here, operation, input.clone());
        assert_eq!(answered, ("MalformedPolicyDocumentException".into(), wanted.into()), "{operation}");
        input["Policy"] = json!(policy(json!(ACCOUNT)));
        call(&world, &here, operation, input);
    }
}

#[test]
fn nobody_locks_himself_out_unless_he_says_so() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": "kms:*", "Resource": "*" }],
    });
    let (code_wanted, message) = (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    );
    for (operation, mut input) in [("PutKeyPolicy", json!({ "KeyId": id })), ("CreateKey", json!({}))] {
        input["Policy"] = json!(policy.to_string());
        assert_eq!(refused(&world, &here, operation, input.clone()), (code_wanted.into(), message.into()));
        input["BypassPolicyLockoutSafetyCheck"] = json!(true);
        call(&world, &here, operation, input);
    }
    for text in ["no json", "{}", r#"{"Statement":[{"Effect":"Allow"}]}"#] {
        let input = json!({ "KeyId": id, "Policy": text, "BypassPolicyLockoutSafetyCheck": true });
        assert_eq!(code(&world, &here, "PutKeyPolicy", input), code_wanted, "{text}");
    }
    let long = format!("{}{}", " ".repeat(32_769), policy);
    assert_eq!(code(&world, &here, "PutKeyPolicy", json!({ "KeyId": id, "Policy": long })), "LimitExceededException");
}

#[tokio::test]
async fn a_named_grant_is_made_once() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let ask = |name: &str, operation: GrantOperation| {
        kms.create_grant().key_id(&id).grantee_principal(ROLE).name(name).operations(operation).send()
    };
    let first = ask("n", GrantOperation::Decrypt).await.unwrap();
    world.clock().advance(days(1));
    let again = ask("n", GrantOperation::Decrypt).await.unwrap();
    assert_eq!(first.grant_id, again.grant_id);
    assert_ne!(first.grant_token, again.grant_token);
    assert_eq!(first.grant_id.as_ref().map(String::len), Some(64));
    let other = ask("n", GrantOperation::Encrypt).await.unwrap();
    assert_ne!(first.grant_id, other.grant_id);
    let nameless = || kms.create_grant().key_id(&id).grantee_principal(ROLE).operations(GrantOperation::Decrypt).send();
    assert_ne!(nameless().await.unwrap().grant_id, nameless().await.unwrap().grant_id);
    let grants = kms.list_grants().key_id(&id).send().await.unwrap();
    assert_eq!(grants.grants().len(), 4);
    let found = grants.grants().iter().find(|grant| grant.grant_id == first.grant_id).unwrap();
    assert_eq!(found.issuing_account.as_deref(), Some("arn:aws:iam::111122223333:root"));
    assert_eq!((found.name.as_deref(), found.key_id.as_deref()), (Some("n"), Some(arn(&here, &id).as_str())));
}

#[test]
fn a_grant_keeps_its_constraints_and_is_found_by_them() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let constraints =
        json!({ "EncryptionContextSubset": { "a": "1" }, "SourceArn": "arn:aws:sns:eu-central-1:111122223333:t" });
    let service = json!({
        "KeyId": id, "GranteeServicePrincipal": "sns.eu-central-1.amazonaws.com", "RetiringPrincipal": ROLE,
        "Operations": ["Decrypt", "GenerateDataKey"], "Constraints": constraints,
    });
    let made = call(&world, &here, "CreateGrant", service.clone());
    call(&world, &here, "CreateGrant", json!({ "KeyId": id, "GranteePrincipal": ROLE, "Operations": ["Encrypt"] }));
    let list = |filter: Value| {
        let mut input = filter;
        input["KeyId"] = json!(id);
        call(&world, &here, "ListGrants", input)["Grants"].as_array().unwrap().clone()
    };
    assert_eq!((list(json!({})).len(), list(json!({ "GranteePrincipal": ROLE })).len()), (2, 1));
    let found = list(json!({ "GranteeServicePrincipal": "sns.eu-central-1.amazonaws.com" }));
    assert_eq!(found, list(json!({ "GrantId": made["GrantId"] })));
    assert_eq!(found[0]["Constraints"], constraints);
    let retirable = call(&world, &here, "ListRetirableGrants", json!({ "RetiringPrincipal": ROLE }));
    assert_eq!(retirable["Grants"], json!(found));
    for missing in ["RetiringPrincipal", "Constraints", "GranteeServicePrincipal"] {
        let mut input = service.clone();
        input.as_object_mut().unwrap().remove(missing);
        assert_eq!(code(&world, &here, "CreateGrant", input), "ValidationException", "{missing}");
    }
}

#[test]
fn a_grant_must_make_sense() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let signing = created(&world, &here, json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" }));
    let grant = |key: &str, change: Value| {
        let mut input = json!({ "KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"] });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        world.ask(&here, "kms:CreateGrant", input).map_err(|refusal| refusal.code)
    };
    let invalid = Err("ValidationException".to_owned());
    assert_eq!(grant(&signing, json!({})), invalid);
    assert_eq!(grant(&id, json!({ "Operations": ["Sign"] })), invalid);
    assert_eq!(grant(&id, json!({ "Operations": [] })), invalid);
    assert_eq!(grant(&id, json!({ "Constraints": { "EncryptionContextEquals": { "a": "x".repeat(385) } } })), invalid);
    let nine: Value = (0..9).map(|n| (n.to_string(), json!(""))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(grant(&id, json!({ "Constraints": { "EncryptionContextSubset": nine } })), invalid);
    for principal in ["somebody", "sns.amazonaws.com", "arn:aws-cn:iam::111122223333:role/a", "arn:aws:s3:::b"] {
        let refused = grant(&id, json!({ "GranteePrincipal": principal }));
        assert_eq!(refused, Err("InvalidArnException".to_owned()), "{principal}");
    }
    assert!(grant(&id, json!({ "GranteePrincipal": "444455556666" })).is_ok());
    assert!(grant(&signing, json!({ "Operations": ["Sign", "GetPublicKey"] })).is_ok());
    assert_eq!(grant(&id, json!({ "DryRun": true })), Err("DryRunOperationException".to_owned()));
    assert_eq!(world.kms_keys(&here).iter().map(|key| key.grants.len()).sum::<usize>(), 2);
}

#[test]
fn a_grant_is_revoked_or_retired_once() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let make = || {
        call(&world, &here, "CreateGrant", json!({ "KeyId": id, "GranteePrincipal": ROLE, "Operations": ["Decrypt"] }))
    };
    let (one, two, three) = (make(), make(), make());
    let by_id = |grant: &Value| json!({ "KeyId": arn(&here, &id), "GrantId": grant["GrantId"] });
    let mut dry = by_id(&one);
    dry["DryRun"] = json!(true);
    assert_eq!(code(&world, &here, "RevokeGrant", dry), "DryRunOperationException");
    call(&world, &here, "RevokeGrant", by_id(&one));
    assert_eq!(code(&world, &here, "RevokeGrant", by_id(&one)), "NotFoundException");
    call(&world, &here, "RetireGrant", by_id(&two));
    call(&world, &here, "RetireGrant", json!({ "GrantToken": three["GrantToken"] }));
    assert_eq!(code(&world, &here, "RetireGrant", json!({ "GrantToken": three["GrantToken"] })), "NotFoundException");
    assert_eq!(code(&world, &here, "RetireGrant", json!({ "GrantToken": "x" })), "InvalidGrantTokenException");
    assert_eq!(code(&world, &here, "RetireGrant", json!({ "KeyId": id })), "ValidationException");
    let shapeless = json!({ "KeyId": id, "GrantId": "1" });
    assert_eq!(code(&world, &here, "RevokeGrant", shapeless), "InvalidGrantIdException");
    assert!(world.kms_keys(&here)[0].grants.is_empty());
}

#[tokio::test]
async fn a_grant_is_retired_by_whom_it_names() {
    let (world, here) = (World::new(), here());
    let there: End = "444455556666/eu-central-1".parse().unwrap();
    let (kms, id) = (client(&world, &there), key(&world, &here));
    let make = |retiring: &str| {
        let asked =
            json!({ "KeyId": id, "GranteePrincipal": ROLE, "RetiringPrincipal": retiring, "Operations": ["Decrypt"] });
        call(&world, &here, "CreateGrant", asked)
    };
    let retire = |grant: &Value| {
        let id = grant["GrantId"].as_str().unwrap().to_owned();
        kms.retire_grant().key_id(arn(&here, &key_of(&world))).grant_id(id).send()
    };
    let (named, account, other) = (
        make("arn:aws:iam::444455556666:user/operator"),
        make("444455556666"),
        make("arn:aws:iam::444455556666:role/r"),
    );
    retire(&named).await.unwrap();
    retire(&account).await.unwrap();
    let token = other["GrantToken"].as_str().unwrap();
    assert_eq!(sdk_code(kms.retire_grant().grant_token(token).send().await), "AccessDeniedException");
    assert_eq!(sdk_code(retire(&other).await), "AccessDeniedException");
    assert_eq!(world.kms_keys(&here)[0].grants.len(), 1);
}

/// The id of the only key there is.
fn key_of(world: &World) -> String {
    world.kms_keys(&here())[0].arn.id().to_owned()
}

#[test]
fn the_policies_of_the_reference_account_are_accepted_by_kms() {
    let (world, here) = (World::new(), here());
    reference_account(&world, &here);
    for key in world.kms_keys(&here).iter().filter(|key| key.aws_managed.is_none()) {
        call(&world, &here, "PutKeyPolicy", json!({ "KeyId": key.arn, "Policy": key.policy }));
    }
}
