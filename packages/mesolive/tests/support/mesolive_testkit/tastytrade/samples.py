"""Answers of tastytrade as its servers give them: the same keys and mixed types, with values of our own."""

from __future__ import annotations

from typing import Any

ACCOUNT = "5WX00001"


def envelope(data: object, path: str = "/") -> dict[str, Any]:
    return {"data": data, "context": path}


def items(*data: object, page: int = 0, pages: int = 1) -> dict[str, Any]:
    paging = {
        "per-page": max(len(data), 1),
        "page-offset": page,
        "item-offset": 0,
        "total-items": len(data),
        "total-pages": pages,
        "current-item-count": len(data),
        "previous-link": None,
        "next-link": None,
        "paging-link-template": None,
    }
    return {"data": {"items": list(data)}, "context": "/", "api-version": "v1", "pagination": paging}


def error(code: str, message: str, *reasons: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": message}
    return {"error": {**body, "errors": list(reasons)} if reasons else body}


def fill(number: int, quantity: object = "1", price: str = "2.55", second: int = 1) -> dict[str, Any]:
    return {
        "fill-id": str(number),
        "quantity": quantity,
        "fill-price": price,
        "filled-at": f"2026-07-27T14:36:{second:02d}.310+00:00",
        "destination-venue": "MARKET_SIMULATOR_A",
    }


def leg(symbol: str, action: str = "Sell to Open", quantity: object = 1, *fills: dict[str, Any]) -> dict[str, Any]:
    return {
        "instrument-type": "Equity Option",
        "symbol": symbol,
        "quantity": quantity,
        "remaining-quantity": quantity,
        "action": action,
        "fills": list(fills),
    }


SHORT = "SPXW  261218P05000000"
LONG = "SPXW  261218P04900000"


def order(number: int = 1251898, status: str = "Live", **more: object) -> dict[str, Any]:
    """Return a put spread; further fields are given with underscores."""
    known: dict[str, Any] = {
        "id": number,
        "account-number": ACCOUNT,
        "time-in-force": "Day",
        "order-type": "Limit",
        "size": 1,
        "underlying-symbol": "SPX",
        "underlying-instrument-type": "Equity",
        "price": "1.05",
        "price-effect": "Credit",
        "status": status,
        "cancellable": True,
        "editable": True,
        "edited": False,
        "received-at": "2026-07-27T14:36:00.310+00:00",
        "updated-at": 1785162960310,
        "ext-client-order-id": "JAAAAAXQbUXvvcDx9E",
        "global-request-id": "3e0f",
        "source": "MesoLiveOpen/1.0",
        "legs": [leg(SHORT), leg(LONG, "Buy to Open")],
    }
    return known | {name.replace("_", "-"): value for name, value in more.items()}


def effect(amount: str = "125.0") -> dict[str, Any]:
    return {
        "change-in-margin-requirement": amount,
        "change-in-margin-requirement-effect": "Debit",
        "change-in-buying-power": "23.4",
        "change-in-buying-power-effect": "Debit",
        "current-buying-power": "5000.0",
        "current-buying-power-effect": "Credit",
        "new-buying-power": "4976.6",
        "new-buying-power-effect": "Credit",
        "isolated-order-margin-requirement": amount,
        "isolated-order-margin-requirement-effect": "Debit",
        "is-spread": True,
        "impact": "23.4",
        "effect": "Debit",
    }


def fees(total: str = "3.44") -> dict[str, Any]:
    return {
        "regulatory-fees": "0.04",
        "regulatory-fees-effect": "Debit",
        "clearing-fees": "0.2",
        "clearing-fees-effect": "Debit",
        "commission": "2.0",
        "commission-effect": "Debit",
        "proprietary-index-option-fees": "1.2",
        "proprietary-index-option-fees-effect": "Debit",
        "total-fees": total,
        "total-fees-effect": "Debit",
    }


def placed(order: dict[str, Any]) -> dict[str, Any]:
    return envelope(
        {
            "order": order,
            "warnings": [{"code": "tif_next_valid_sesssion", "message": "Begins at the next session."}],
            "buying-power-effect": effect(),
            "fee-calculation": fees(),
        }
    )


def account(number: str = ACCOUNT, *, authority: str = "owner") -> dict[str, Any]:
    return {
        "account": {
            "account-number": number,
            "external-id": "A0000000001",
            "opened-at": "2021-03-26T18:31:41.070+00:00",
            "nickname": "Margin",
            "account-type-name": "Individual",
            "day-trader-status": False,
            "is-closed": False,
            "is-firm-error": False,
            "is-firm-proprietary": False,
            "is-futures-approved": False,
            "is-test-drive": False,
            "margin-or-cash": "Margin",
            "is-foreign": False,
            "funding-date": "2021-04-07",
            "investment-objective": "GROWTH",
            "suitable-options-level": "No Restrictions",
            "created-at": "2021-03-26T18:31:41.078+00:00",
        },
        "authority-level": authority,
    }


def balance(number: str = ACCOUNT, cash: str = "51600.762") -> dict[str, Any]:
    return {
        "account-number": number,
        "cash-balance": cash,
        "net-liquidating-value": "54355.677",
        "derivative-buying-power": "20078.762",
        "equity-buying-power": "20078.762",
        "day-trading-buying-power": "0.0",
        "maintenance-requirement": "43227.234",
        "maintenance-excess": "2078.762",
        "reg-t-margin-requirement": "43227.2338",
        "margin-equity": "45228.177",
        "pending-cash": "0.0",
        "pending-cash-effect": "None",
        "long-derivative-value": "0.0",
        "short-derivative-value": "8268.5",
        "day-trade-excess": "2078.76",
        "snapshot-date": "2026-06-08",
        "updated-at": "2026-06-08T16:30:18.889+00:00",
    }


def position(symbol: str = SHORT, quantity: object = 2, direction: str = "Short", **more: object) -> dict[str, Any]:
    known: dict[str, Any] = {
        "account-number": ACCOUNT,
        "symbol": symbol,
        "instrument-type": "Equity Option",
        "underlying-symbol": "SPX",
        "quantity": quantity,
        "quantity-direction": direction,
        "close-price": "0.41",
        "average-open-price": "0.79",
        "multiplier": "100.0",
        "cost-effect": "Debit",
        "is-suppressed": False,
        "is-frozen": False,
        "restricted-quantity": 0,
        "expires-at": "2026-12-18T21:00:00.000+00:00",
        "realized-day-gain": "0.0",
        "realized-day-gain-effect": "None",
        "created-at": "2026-07-27T14:36:22.310+0000",
        "updated-at": "2026-07-27T14:36:22.310+00:00",
    }
    return known | {name.replace("_", "-"): value for name, value in more.items()}


def transaction(number: int = 2455333333, **more: object) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": number,
        "account-number": ACCOUNT,
        "symbol": SHORT,
        "instrument-type": "Equity Option",
        "underlying-symbol": "SPX",
        "transaction-type": "Trade",
        "transaction-sub-type": "Sell to Open",
        "description": "Sold 2 SPXW 12/18/26 Put 5000.00 @ 2.55",
        "action": "Sell to Open",
        "quantity": "2.0",
        "price": "2.55",
        "executed-at": "2026-07-27T14:36:22.310+00:00",
        "transaction-date": "2026-07-27",
        "value": "510.0",
        "value-effect": "Credit",
        "regulatory-fees": "0.042",
        "regulatory-fees-effect": "Debit",
        "clearing-fees": "0.20",
        "clearing-fees-effect": "Debit",
        "net-value": "506.558",
        "net-value-effect": "Credit",
        "commission": "2.0",
        "commission-effect": "Debit",
        "proprietary-index-option-fees": "1.2",
        "proprietary-index-option-fees-effect": "Debit",
        "is-estimated-fee": True,
        "order-id": 1251898,
        "leg-count": 1,
    }
    return known | {name.replace("_", "-"): value for name, value in more.items()}


def chain(root: str = "SPXW", settlement: str = "PM", day: str = "2026-12-18", *strikes: str) -> dict[str, Any]:
    yymmdd = day[2:].replace("-", "")

    def of(strike: str) -> dict[str, Any]:
        code = f"{int(float(strike) * 1000):08d}"
        short = strike.rstrip("0").rstrip(".") if "." in strike else strike
        return {
            "strike-price": strike,
            "call": f"{root:<6}{yymmdd}C{code}",
            "call-streamer-symbol": f".{root}{yymmdd}C{short}",
            "put": f"{root:<6}{yymmdd}P{code}",
            "put-streamer-symbol": f".{root}{yymmdd}P{short}",
        }

    return {
        "underlying-symbol": "SPX",
        "root-symbol": root,
        "option-chain-type": "Standard",
        "shares-per-contract": 100,
        "tick-sizes": [{"value": "0.05", "threshold": "3.0"}, {"value": "0.1"}],
        "deliverables": [{"id": 1, "root-symbol": root, "deliverable-type": "Shares", "amount": "100.0"}],
        "expirations": [
            {
                "expiration-type": "Weekly",
                "expiration-date": day,
                "days-to-expiration": 20,
                "settlement-type": settlement,
                "strikes": [of(strike) for strike in strikes or ("4900.0", "5000.0")],
            }
        ],
    }
