// Generated from the migrations by `make schema`; a test compares them. Columns of types that only SQL files touch
// (tsvector) are left out.
diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    action_items (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        text -> Text,
        owner -> Text,
        due_on -> Nullable<Date>,
        status -> Text,
        done_at -> Nullable<Timestamptz>,
        visit_id -> Nullable<Uuid>,
        nomination_id -> Nullable<Uuid>,
        created_by -> Nullable<Uuid>,
        version -> Int4,
        digests -> Array<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    aggregators (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        kind -> Text,
        status -> Text,
        description_id -> Text,
        description_en -> Text,
        national -> Bool,
        primary_colour -> Text,
        demonstration -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        reviewers_told_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    assessment_evidence (aggregator_id, assessment_id, key, file_id) {
        aggregator_id -> Uuid,
        assessment_id -> Uuid,
        key -> Text,
        file_id -> Uuid,
        merchant_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    assessment_findings (aggregator_id, assessment_id, key) {
        aggregator_id -> Uuid,
        assessment_id -> Uuid,
        key -> Text,
        merchant_id -> Uuid,
        criteria_version -> Int4,
        outcome -> Text,
        figure -> Nullable<Int4>,
        note -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    assessments (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        criteria_version -> Int4,
        status -> Text,
        level -> Nullable<Text>,
        note -> Text,
        assessed_by -> Uuid,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    attendances (aggregator_id, enrolment_id, topic_key) {
        aggregator_id -> Uuid,
        enrolment_id -> Uuid,
        topic_key -> Text,
        programme_id -> Uuid,
        merchant_id -> Uuid,
        attended_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    audit_entries (aggregator_id, seq) {
        aggregator_id -> Uuid,
        seq -> Int8,
        entry -> Text,
        hash -> Bytea,
        id -> Uuid,
        action -> Text,
        actor_id -> Nullable<Uuid>,
        subject_type -> Text,
        subject_id -> Uuid,
        at -> Timestamptz,
        request_id -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    audit_heads (aggregator_id, seq) {
        aggregator_id -> Uuid,
        seq -> Int8,
        hash -> Bytea,
        signed_at -> Timestamptz,
        key_id -> Text,
        signature -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    bank_accounts (aggregator_id, merchant_id) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        bank_code -> Nullable<Text>,
        bank_name -> Text,
        number_sealed -> Bytea,
        holder_sealed -> Bytea,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        number_hash -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    categories (id) {
        id -> Uuid,
        slug -> Text,
        parent_id -> Nullable<Uuid>,
        name_id -> Text,
        name_en -> Text,
        position -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        is_food -> Nullable<Bool>,
        google_category_id -> Nullable<Int4>,
        google_category_path -> Nullable<Text>,
        meta_category_id -> Nullable<Int4>,
        meta_category_path -> Nullable<Text>,
        hs_chapters -> Array<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    category_attributes (category_id, key) {
        category_id -> Uuid,
        key -> Text,
        kind -> Text,
        required -> Bool,
        unit -> Nullable<Text>,
        name_id -> Text,
        name_en -> Text,
        choices -> Jsonb,
        position -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    category_gates (category_id, document) {
        category_id -> Uuid,
        document -> Text,
        instead -> Nullable<Text>,
        number_prefix -> Nullable<Text>,
        micro_from -> Nullable<Date>,
        small_from -> Nullable<Date>,
        medium_from -> Nullable<Date>,
        reason_id -> Text,
        reason_en -> Text,
        source -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    certificate_series (aggregator_id, year) {
        aggregator_id -> Uuid,
        year -> Int4,
        last -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    certificates (aggregator_id, enrolment_id) {
        aggregator_id -> Uuid,
        enrolment_id -> Uuid,
        merchant_id -> Uuid,
        number -> Text,
        code -> Text,
        aggregator_name -> Text,
        merchant_name -> Text,
        programme_name_id -> Text,
        programme_name_en -> Text,
        starts_on -> Date,
        ends_on -> Date,
        hours -> Int4,
        issued_on -> Date,
        issued_by -> Nullable<Uuid>,
        revoked_at -> Nullable<Timestamptz>,
        revoked_by -> Nullable<Uuid>,
        revoke_reason -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    change_request_steps (aggregator_id, change_request_id, version) {
        aggregator_id -> Uuid,
        change_request_id -> Uuid,
        version -> Int4,
        action -> Text,
        fields -> Array<Text>,
        reason -> Nullable<Text>,
        reasons -> Jsonb,
        actor_id -> Nullable<Uuid>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    change_requests (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        status -> Text,
        base_version -> Int4,
        edit -> Jsonb,
        base -> Jsonb,
        created_by -> Nullable<Uuid>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        untold -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    channels (aggregator_id, merchant_id, kind) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        kind -> Text,
        handle -> Text,
        active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        confirmed_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    collection_links (aggregator_id, collection_id, named_id) {
        aggregator_id -> Uuid,
        collection_id -> Uuid,
        named_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    collection_products (aggregator_id, collection_id, position) {
        aggregator_id -> Uuid,
        collection_id -> Uuid,
        position -> Int4,
        product_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    collections (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        title_id -> Text,
        title_en -> Text,
        description_id -> Text,
        description_en -> Text,
        starts_at -> Timestamptz,
        ends_at -> Nullable<Timestamptz>,
        next_turn_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        rule -> Nullable<Jsonb>,
        media_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    consents (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        withdraws -> Nullable<Uuid>,
        purpose -> Text,
        lawful_basis -> Text,
        text_version -> Text,
        text_hash -> Bytea,
        locale -> Text,
        channel -> Text,
        taken_by -> Uuid,
        evidence_file_id -> Nullable<Uuid>,
        given_at -> Timestamptz,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    data_keys (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Int4,
        wrapped -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    enrolments (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        programme_id -> Uuid,
        merchant_id -> Uuid,
        status -> Text,
        reason -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    events (aggregator_id, seq, occurred_at) {
        aggregator_id -> Uuid,
        seq -> Int8,
        occurred_at -> Timestamptz,
        id -> Uuid,
        kind -> Text,
        subject_type -> Text,
        subject_id -> Uuid,
        data -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    featured_slots (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        place -> Text,
        category_id -> Nullable<Uuid>,
        mode -> Text,
        starts_at -> Timestamptz,
        ends_at -> Nullable<Timestamptz>,
        time_zone -> Text,
        next_turn_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        line -> Int2,
        places -> Nullable<Int2>,
        window_hours -> Nullable<Int2>,
        longest_wait -> Nullable<Int2>,
        drawn -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    files (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        name -> Text,
        media_type -> Text,
        bytes -> Int8,
        sha256 -> Bytea,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        erased_at -> Nullable<Timestamptz>,
        bytes_deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    former_merchant_members (aggregator_id, user_id, merchant_id) {
        aggregator_id -> Uuid,
        user_id -> Uuid,
        merchant_id -> Uuid,
        ended_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    gate_turns (category_id) {
        category_id -> Uuid,
        next_turn_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    hero_areas (aggregator_id, user_id, region_code) {
        aggregator_id -> Uuid,
        user_id -> Uuid,
        region_code -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    hero_assignments (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        merchant_id -> Uuid,
        status -> Text,
        is_primary -> Bool,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        time_zone -> Text,
        agreement_signed_on -> Nullable<Date>,
        agreement_file_id -> Nullable<Uuid>,
        next_turn_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        assigned_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        programme_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    heroes (aggregator_id, user_id) {
        aggregator_id -> Uuid,
        user_id -> Uuid,
        display_name -> Text,
        phone_sealed -> Nullable<Bytea>,
        languages -> Array<Text>,
        capacity -> Int4,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        home_region_code -> Nullable<Text>,
        active -> Bool,
        note -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    idempotency_keys (aggregator_id, principal, method, route, key) {
        aggregator_id -> Uuid,
        principal -> Uuid,
        method -> Text,
        route -> Text,
        key -> Text,
        fingerprint -> Bytea,
        answer -> Nullable<Bytea>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    invitations (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        email -> Text,
        role -> Text,
        merchant_id -> Nullable<Uuid>,
        token_hash -> Bytea,
        invited_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    leads (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        code -> Text,
        merchant_id -> Uuid,
        product_id -> Uuid,
        source -> Text,
        locale -> Text,
        status -> Text,
        name_sealed -> Nullable<Bytea>,
        phone_sealed -> Nullable<Bytea>,
        consent_at -> Nullable<Timestamptz>,
        note -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        kind -> Text,
        channel -> Nullable<Text>,
        utm -> Jsonb,
        collection_id -> Nullable<Uuid>,
        slot_id -> Nullable<Uuid>,
        answered_at -> Nullable<Timestamptz>,
        outcome -> Text,
        won_minor -> Nullable<Int8>,
        won_currency -> Nullable<Text>,
        remind_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    legal_documents (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        kind -> Text,
        number -> Nullable<Text>,
        written -> Nullable<Text>,
        number_sealed -> Nullable<Bytea>,
        number_hash -> Nullable<Bytea>,
        holder -> Nullable<Text>,
        issuer -> Nullable<Text>,
        issued_on -> Nullable<Date>,
        expires_on -> Nullable<Date>,
        file_id -> Nullable<Uuid>,
        status -> Text,
        note -> Nullable<Text>,
        entered_by -> Nullable<Uuid>,
        verified_by -> Nullable<Uuid>,
        verified_at -> Nullable<Timestamptz>,
        reminded_days -> Nullable<Int4>,
        next_turn_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        judged -> Bool,
        certificate_number -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    level_changes (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        assessment_id -> Uuid,
        from_level -> Nullable<Text>,
        to_level -> Nullable<Text>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    level_criteria (version, key) {
        version -> Int4,
        key -> Text,
        level -> Text,
        position -> Int4,
        title_id -> Text,
        title_en -> Text,
        rule -> Text,
        parameters -> Jsonb,
        source -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    login_throttles (key) {
        key -> Bytea,
        failures -> Int4,
        blocked_until -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    mail_outbox (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        recipient -> Text,
        kind -> Text,
        sealed -> Bytea,
        attempts -> Int4,
        next_try_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    media (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        hash -> Text,
        width -> Int4,
        height -> Int4,
        widths -> Array<Int4>,
        uploaded_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        blurhash -> Nullable<Text>,
        unused_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    memberships (aggregator_id, user_id) {
        aggregator_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        email -> Text,
        name -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    merchant_access (aggregator_id, user_id, merchant_id) {
        aggregator_id -> Uuid,
        user_id -> Uuid,
        merchant_id -> Uuid,
        kind -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    merchant_pins (aggregator_id, merchant_id) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        hash -> Bytea,
        set_by -> Uuid,
        set_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    merchant_profiles (aggregator_id, merchant_id) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        business_form -> Nullable<Text>,
        kbli_version -> Nullable<Text>,
        kbli_code -> Nullable<Text>,
        founded_year -> Nullable<Int4>,
        workers_total -> Nullable<Int4>,
        workers_women -> Nullable<Int4>,
        workers_youth -> Nullable<Int4>,
        workers_disability -> Nullable<Int4>,
        address -> Nullable<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        story_en -> Text,
        logo_id -> Nullable<Uuid>,
        story_consent_on -> Nullable<Date>,
        story_consent_channel -> Nullable<Text>,
        story_consent_by -> Nullable<Uuid>,
        story_withdrawn_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    merchant_scales (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        scale -> Nullable<Text>,
        basis -> Nullable<Text>,
        year -> Nullable<Int4>,
        amount_sealed -> Nullable<Bytea>,
        recorded_by -> Nullable<Uuid>,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    merchant_words (aggregator_id, word, merchant_id) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        word -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    merchants (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        name -> Text,
        legal_name -> Nullable<Text>,
        status -> Text,
        region_code -> Text,
        scale -> Nullable<Text>,
        scale_basis -> Nullable<Text>,
        nib -> Nullable<Text>,
        phone -> Text,
        story -> Text,
        status_reason -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        level -> Nullable<Text>,
        restricted_at -> Nullable<Timestamptz>,
        erased_at -> Nullable<Timestamptz>,
        sort_name -> Text,
        objected_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    nation_places (aggregator_id) {
        aggregator_id -> Uuid,
        log_seq -> Int8,
        nation_seq -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    nation_stretches (aggregator_id, seq) {
        aggregator_id -> Uuid,
        seq -> Int8,
        origin_id -> Uuid,
        after_seq -> Int8,
        upto_seq -> Int8,
        noted_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    national_slot_products (aggregator_id, slot_id, position) {
        aggregator_id -> Uuid,
        slot_id -> Uuid,
        position -> Int4,
        origin_aggregator_id -> Uuid,
        product_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    nomination_files (aggregator_id, nomination_id, file_id) {
        aggregator_id -> Uuid,
        nomination_id -> Uuid,
        file_id -> Uuid,
        merchant_id -> Uuid,
        position -> Int2,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    nomination_rounds (aggregator_id, nomination_id, round) {
        aggregator_id -> Uuid,
        nomination_id -> Uuid,
        round -> Int2,
        rubric_id -> Nullable<Uuid>,
        decision_reason -> Text,
        actions -> Array<Text>,
        score -> Int4,
        stars -> Int2,
        decided_by -> Nullable<Uuid>,
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    nomination_supports (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        nomination_id -> Uuid,
        name_sealed -> Bytea,
        contact_sealed -> Bytea,
        contact_hash -> Bytea,
        reason -> Text,
        locale -> Text,
        consent_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    nominations (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        nominated_by -> Nullable<Uuid>,
        reason -> Text,
        status -> Text,
        decision_reason -> Nullable<Text>,
        actions -> Array<Text>,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        score -> Nullable<Int4>,
        stars -> Nullable<Int2>,
        valid_until -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        source -> Text,
        rubric_id -> Nullable<Uuid>,
        round -> Int2,
        appeal_reason -> Nullable<Text>,
        appealed_by -> Nullable<Uuid>,
        appealed_at -> Nullable<Timestamptz>,
        supports -> Int4,
        reminded_days -> Nullable<Int4>,
        next_turn_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        ended_by -> Nullable<Uuid>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    password_resets (token_hash) {
        token_hash -> Bytea,
        user_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    privacy_requests (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        subject_type -> Text,
        merchant_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        lead_id -> Nullable<Uuid>,
        note -> Text,
        status -> Text,
        answer -> Text,
        filed_by -> Uuid,
        handled_by -> Nullable<Uuid>,
        received_at -> Timestamptz,
        due_at -> Timestamptz,
        handled_at -> Nullable<Timestamptz>,
        next_alarm_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        changed -> Array<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    product_certificates (aggregator_id, product_id, kind) {
        aggregator_id -> Uuid,
        product_id -> Uuid,
        kind -> Text,
        number -> Text,
        written -> Text,
        issuer -> Nullable<Text>,
        issued_on -> Nullable<Date>,
        expires_on -> Nullable<Date>,
        next_turn_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    product_media (aggregator_id, product_id, position) {
        aggregator_id -> Uuid,
        product_id -> Uuid,
        position -> Int4,
        media_id -> Uuid,
        hash -> Text,
        width -> Int4,
        height -> Int4,
        widths -> Array<Int4>,
        alt_id -> Text,
        alt_en -> Text,
        blurhash -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    product_translations (aggregator_id, product_id, locale) {
        aggregator_id -> Uuid,
        product_id -> Uuid,
        locale -> Text,
        name -> Text,
        description -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    product_variants (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        sku -> Nullable<Text>,
        name -> Text,
        price_minor -> Int8,
        currency -> Text,
        stock -> Int4,
        position -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        barcode -> Nullable<Text>,
        compare_at_minor -> Nullable<Int8>,
        weight_grams -> Nullable<Int4>,
        length_mm -> Nullable<Int4>,
        width_mm -> Nullable<Int4>,
        height_mm -> Nullable<Int4>,
        minimum_order -> Nullable<Int4>,
        choices -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    products (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        category_id -> Uuid,
        slug -> Text,
        status -> Text,
        is_mutiara -> Bool,
        stars -> Nullable<Int2>,
        status_reason -> Nullable<Text>,
        version -> Int4,
        published_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        halal_status -> Text,
        attributes -> Jsonb,
        options -> Jsonb,
        lead_time_days -> Nullable<Int4>,
        monthly_capacity -> Nullable<Int4>,
        minimum_order -> Nullable<Int4>,
        hs_code -> Nullable<Text>,
        origin_country -> Text,
        tags -> Array<Text>,
        video_url -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    programme_topics (aggregator_id, programme_id, key) {
        aggregator_id -> Uuid,
        programme_id -> Uuid,
        key -> Text,
        position -> Int4,
        title_id -> Text,
        title_en -> Text,
        hours -> Int2,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    programmes (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        status -> Text,
        name_id -> Text,
        name_en -> Text,
        description_id -> Text,
        description_en -> Text,
        starts_on -> Date,
        ends_on -> Date,
        region_code -> Nullable<Text>,
        trainer_id -> Nullable<Uuid>,
        capacity -> Int4,
        seats_taken -> Int4,
        min_attendance_percent -> Int2,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    published_aggregators (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        description_id -> Text,
        description_en -> Text,
        national -> Bool,
        primary_colour -> Text,
        demonstration -> Bool,
        version -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    published_certificates (aggregator_id, enrolment_id) {
        aggregator_id -> Uuid,
        enrolment_id -> Uuid,
        code_hash -> Bytea,
        number -> Text,
        aggregator_name -> Text,
        merchant_name -> Nullable<Text>,
        programme_name_id -> Text,
        programme_name_en -> Text,
        starts_on -> Date,
        ends_on -> Date,
        hours -> Int4,
        issued_on -> Date,
        revoked_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    published_collections (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        title_id -> Text,
        title_en -> Text,
        description_id -> Text,
        description_en -> Text,
        starts_at -> Timestamptz,
        ends_at -> Nullable<Timestamptz>,
        product_ids -> Array<Uuid>,
        version -> Int4,
        rule -> Nullable<Jsonb>,
        images -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    published_merchants (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        name -> Text,
        story -> Text,
        region_code -> Text,
        region_name -> Text,
        province_code -> Text,
        province_name -> Text,
        whatsapp -> Nullable<Text>,
        channels -> Jsonb,
        created_at -> Timestamptz,
        version -> Int4,
        story_en -> Text,
        logo -> Jsonb,
        level -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    published_products (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        merchant_id -> Uuid,
        category_id -> Uuid,
        translations -> Jsonb,
        variants -> Jsonb,
        images -> Jsonb,
        is_mutiara -> Bool,
        stars -> Nullable<Int2>,
        published_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int4,
        details -> Jsonb,
        video_url -> Nullable<Text>,
        mutiara_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    published_slots (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        place -> Text,
        category_slug -> Nullable<Text>,
        starts_at -> Timestamptz,
        ends_at -> Nullable<Timestamptz>,
        origin_ids -> Array<Uuid>,
        product_ids -> Array<Uuid>,
        line -> Int2,
        mode -> Text,
        places -> Int2,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    recent_clicks (aggregator_id, product_id, visitor) {
        aggregator_id -> Uuid,
        product_id -> Uuid,
        visitor -> Bytea,
        code -> Text,
        until -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    reference_editions (name) {
        name -> Text,
        sha256 -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    refresh_tokens (hash) {
        hash -> Bytea,
        session_id -> Uuid,
        generation -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    regions (code) {
        code -> Text,
        parent_code -> Nullable<Text>,
        level -> Text,
        name -> Text,
        latitude -> Float8,
        longitude -> Float8,
        active -> Bool,
        search_name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    requested_changes (aggregator_id, merchant_id, pointer) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        pointer -> Text,
        reason -> Text,
        requested_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    restrictions (aggregator_id, merchant_id) {
        aggregator_id -> Uuid,
        merchant_id -> Uuid,
        since -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    rubrics (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        category_id -> Nullable<Uuid>,
        version -> Int4,
        content -> Jsonb,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    score_history (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        nomination_id -> Uuid,
        round -> Int2,
        reviewer_id -> Uuid,
        points -> Jsonb,
        total -> Int4,
        comment -> Text,
        stood -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    scores (aggregator_id, nomination_id, reviewer_id) {
        aggregator_id -> Uuid,
        nomination_id -> Uuid,
        reviewer_id -> Uuid,
        points -> Jsonb,
        total -> Int4,
        comment -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    search_documents (aggregator_id, product_id, locale) {
        aggregator_id -> Uuid,
        product_id -> Uuid,
        locale -> Text,
        text_locale -> Text,
        slug -> Text,
        name -> Text,
        description -> Text,
        price_minor -> Int8,
        currency -> Text,
        available -> Bool,
        is_mutiara -> Bool,
        stars -> Nullable<Int2>,
        merchant_id -> Uuid,
        merchant_slug -> Text,
        merchant_name -> Text,
        region_code -> Text,
        region_name -> Text,
        province_code -> Text,
        province_name -> Text,
        category_slug -> Text,
        category_name -> Text,
        category_path -> Array<Text>,
        images -> Jsonb,
        published_at -> Timestamptz,
        version -> Int4,
        certificates -> Array<Text>,
        tags -> Array<Text>,
        level -> Nullable<Text>,
        preview -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    search_misses (aggregator_id, query) {
        aggregator_id -> Uuid,
        query -> Text,
        count -> Int8,
        last_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    search_synonyms (aggregator_id) {
        aggregator_id -> Uuid,
        groups -> Jsonb,
        version -> Int4,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    search_weights (aggregator_id) {
        aggregator_id -> Uuid,
        mutiara -> Int2,
        each_star -> Int2,
        in_stock -> Int2,
        fresh -> Int2,
        half_life_days -> Int2,
        version -> Int4,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        user_agent -> Text,
        address -> Text,
        generation -> Int4,
        rotated_at -> Timestamptz,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        ended_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    signing_keys (id) {
        id -> Text,
        wrapped -> Bytea,
        public_key -> Bytea,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    slot_exposures (aggregator_id, slot_id, number, position) {
        aggregator_id -> Uuid,
        slot_id -> Uuid,
        number -> Int8,
        position -> Int2,
        is_reserve -> Bool,
        origin_id -> Uuid,
        product_id -> Uuid,
        province_code -> Text,
        why -> Text,
        waited -> Int4,
        owed -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    slot_products (aggregator_id, slot_id, position) {
        aggregator_id -> Uuid,
        slot_id -> Uuid,
        position -> Int4,
        product_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    slot_provinces (aggregator_id, slot_id, number, province_code) {
        aggregator_id -> Uuid,
        slot_id -> Uuid,
        number -> Int8,
        province_code -> Text,
        merchants -> Int4,
        target -> Int8,
        shown -> Int2,
        credit -> Int8,
        waited -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    slot_windows (aggregator_id, slot_id, number) {
        aggregator_id -> Uuid,
        slot_id -> Uuid,
        number -> Int8,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        shown -> Int2,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    stock_movements (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        variant_id -> Uuid,
        product_id -> Uuid,
        delta -> Int4,
        stock -> Int4,
        reason -> Text,
        actor_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    stored_pictures (hash) {
        hash -> Text,
        stored_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    subject_keys (aggregator_id, subject_id) {
        aggregator_id -> Uuid,
        subject_id -> Uuid,
        wrapped -> Nullable<Bytea>,
        created_at -> Timestamptz,
        destroyed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    tenant_heads (aggregator_id) {
        aggregator_id -> Uuid,
        event_seq -> Int8,
        public_seq -> Int8,
        audit_seq -> Int8,
        audit_hash -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    user_consents (id) {
        id -> Uuid,
        user_id -> Uuid,
        withdraws -> Nullable<Uuid>,
        purpose -> Text,
        lawful_basis -> Text,
        text_version -> Text,
        text_hash -> Bytea,
        locale -> Text,
        channel -> Text,
        given_at -> Timestamptz,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    users (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        is_operator -> Bool,
        locale -> Text,
        demonstration -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        erased_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    visit_confirmations (aggregator_id, visit_id, version) {
        aggregator_id -> Uuid,
        visit_id -> Uuid,
        version -> Int4,
        merchant_id -> Uuid,
        method -> Text,
        file_id -> Nullable<Uuid>,
        recorded_by -> Uuid,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    visit_photos (aggregator_id, visit_id, version, position) {
        aggregator_id -> Uuid,
        visit_id -> Uuid,
        version -> Int4,
        position -> Int4,
        merchant_id -> Uuid,
        file_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    visit_versions (aggregator_id, visit_id, version) {
        aggregator_id -> Uuid,
        visit_id -> Uuid,
        version -> Int4,
        merchant_id -> Uuid,
        recorded_by -> Uuid,
        device_id -> Nullable<Text>,
        recorded_at -> Timestamptz,
        started_at -> Timestamptz,
        ended_at -> Timestamptz,
        mode -> Text,
        topics -> Array<Text>,
        problems -> Text,
        advice -> Text,
        next_on -> Nullable<Date>,
        location_sealed -> Nullable<Bytea>,
        tasks -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    #[expect(missing_docs, reason = "the migration documents it")]
    visits (aggregator_id, id) {
        aggregator_id -> Uuid,
        id -> Uuid,
        merchant_id -> Uuid,
        author_id -> Uuid,
        version -> Int4,
        digests -> Array<Text>,
        started_at -> Timestamptz,
        next_on -> Nullable<Date>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
