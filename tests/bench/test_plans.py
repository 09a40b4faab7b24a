"""EXPLAIN's plans, summarised."""

from bench.plans import rows_without_index, short

PLAN = {
    "Node Type": "Limit",
    "Plans": [
        {
            "Node Type": "Nested Loop",
            "Plans": [
                {"Node Type": "Index Scan", "Relation Name": "delivery", "Index Name": "delivery_webhook"},
                {"Node Type": "Index Scan", "Relation Name": "delivery", "Index Name": "delivery_webhook"},
                {
                    "Node Type": "Seq Scan",
                    "Relation Name": "event",
                    "Actual Rows": 7,
                    "Actual Loops": 2,
                    "Rows Removed by Filter": 3,
                },
                {"Node Type": "Seq Scan", "Relation Name": "webhook", "Actual Rows": 100, "Actual Loops": 1},
            ],
        }
    ],
}


def test_a_plan_is_described_by_its_nodes_and_what_they_read() -> None:
    assert short(PLAN) == "Limit < Nested Loop < Index Scan delivery_webhook < Seq Scan event < Seq Scan webhook"


def test_rows_of_big_tables_that_no_index_chose_are_counted_including_filtered_ones() -> None:
    assert rows_without_index(PLAN) == 20
