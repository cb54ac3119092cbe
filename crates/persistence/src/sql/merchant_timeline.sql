-- What happened to merchant $2 of tenant $1, the latest first: at most $5 entries before ($3, $4). Each source gives no
-- more than the whole may have.
SELECT at, id, kind, data FROM (
    (SELECT changed_at AS at, id, 'level_changed' AS kind,
            jsonb_build_object('from', from_level, 'to', to_level, 'assessment_id', assessment_id) AS data
     FROM level_changes
     WHERE aggregator_id = $1 AND merchant_id = $2 AND ($3::timestamptz IS NULL OR (changed_at, id) < ($3, $4))
     ORDER BY changed_at DESC, id DESC LIMIT $5)
    UNION ALL
    (SELECT created_at, id, 'assessment_proposed', jsonb_build_object('level', level, 'criteria_version', criteria_version)
     FROM assessments
     WHERE aggregator_id = $1 AND merchant_id = $2 AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
     ORDER BY created_at DESC, id DESC LIMIT $5)
    UNION ALL
    (SELECT decided_at, id, 'assessment_' || status, jsonb_build_object('level', level, 'reason', reason)
     FROM assessments
     WHERE aggregator_id = $1 AND merchant_id = $2 AND status <> 'proposed'
       AND ($3::timestamptz IS NULL OR (decided_at, id) < ($3, $4))
     ORDER BY decided_at DESC, id DESC LIMIT $5)
    UNION ALL
    (SELECT e.created_at, e.id, 'enrolled',
            jsonb_build_object('programme_id', p.id, 'programme', jsonb_build_object('id', p.name_id, 'en', p.name_en))
     FROM enrolments e JOIN programmes p ON p.aggregator_id = e.aggregator_id AND p.id = e.programme_id
     WHERE e.aggregator_id = $1 AND e.merchant_id = $2 AND ($3::timestamptz IS NULL OR (e.created_at, e.id) < ($3, $4))
     ORDER BY e.created_at DESC, e.id DESC LIMIT $5)
    UNION ALL
    (SELECT e.ended_at, e.id, 'programme_' || e.status,
            jsonb_build_object('programme_id', p.id, 'programme', jsonb_build_object('id', p.name_id, 'en', p.name_en),
                'certificate', c.number, 'reason', e.reason)
     FROM enrolments e
     JOIN programmes p ON p.aggregator_id = e.aggregator_id AND p.id = e.programme_id
     LEFT JOIN certificates c ON c.aggregator_id = e.aggregator_id AND c.enrolment_id = e.id
     WHERE e.aggregator_id = $1 AND e.merchant_id = $2 AND e.status <> 'enrolled'
       AND ($3::timestamptz IS NULL OR (e.ended_at, e.id) < ($3, $4))
     ORDER BY e.ended_at DESC, e.id DESC LIMIT $5)
    UNION ALL
    (SELECT revoked_at, enrolment_id, 'certificate_revoked', jsonb_build_object('certificate', number, 'reason', revoke_reason)
     FROM certificates
     WHERE aggregator_id = $1 AND merchant_id = $2 AND revoked_at IS NOT NULL
       AND ($3::timestamptz IS NULL OR (revoked_at, enrolment_id) < ($3, $4))
     ORDER BY revoked_at DESC, enrolment_id DESC LIMIT $5)
    UNION ALL
    (SELECT v.started_at, v.id, 'visit', jsonb_build_object('mode', w.mode, 'topics', to_jsonb(w.topics))
     FROM visits v
     JOIN visit_versions w ON w.aggregator_id = v.aggregator_id AND w.visit_id = v.id AND w.version = v.version
     WHERE v.aggregator_id = $1 AND v.merchant_id = $2 AND ($3::timestamptz IS NULL OR (v.started_at, v.id) < ($3, $4))
     ORDER BY v.started_at DESC, v.id DESC LIMIT $5)
    UNION ALL
    (SELECT verified_at, id, 'document_verified', jsonb_build_object('document', kind, 'expires_on', expires_on)
     FROM legal_documents
     WHERE aggregator_id = $1 AND merchant_id = $2 AND verified_at IS NOT NULL
       AND ($3::timestamptz IS NULL OR (verified_at, id) < ($3, $4))
     ORDER BY verified_at DESC, id DESC LIMIT $5)
    UNION ALL
    (SELECT recorded_at, id, 'scale_changed', jsonb_build_object('scale', scale, 'basis', basis, 'year', year)
     FROM merchant_scales
     WHERE aggregator_id = $1 AND merchant_id = $2 AND ($3::timestamptz IS NULL OR (recorded_at, id) < ($3, $4))
     ORDER BY recorded_at DESC, id DESC LIMIT $5)
) AS entries
ORDER BY at DESC, id DESC
LIMIT $5
