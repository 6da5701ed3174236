/// The style sheet of the page: readable in light, dark and on paper, without anything from elsewhere.
enum HTMLStyle {
    static let sheet = """
        :root {
          color-scheme: light dark;
          --paper: #ffffff; --ground: #f4f6f8; --ink: #1b2530; --faint: #566472; --line: #d9e0e6; --stripe: #f8fafb;
          --accent: #1f5fa8; --good: #1a7f4b; --good-ground: #e5f4ec; --bad: #b3261e; --bad-ground: #fbe9e7;
          --warn: #8a5a00; --warn-ground: #fdf1d8; --calm: #4b5b6b; --calm-ground: #e9eef2; --bar: #9db8d6;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #171d24; --ground: #0f1419; --ink: #e3e9ef; --faint: #9aa8b5; --line: #2d3843; --stripe: #1b222a;
            --accent: #7db3ee; --good: #6fd09f; --good-ground: #15311f; --bad: #ff9a8f; --bad-ground: #431c18;
            --warn: #f1c169; --warn-ground: #3a2c0d; --calm: #b6c3cf; --calm-ground: #27313b; --bar: #3f6593;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        a { color: var(--accent); }
        .skip { position: absolute; left: -999em; }
        .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; }
        .sheet { max-width: 88rem; margin: 0 auto; padding: 0 1.5rem 4rem; }
        header { padding: 2.5rem 0 1.25rem; }
        header .kind { text-transform: uppercase; letter-spacing: .08em; font-size: .78rem; font-weight: 600; color: var(--accent); }
        h1 { font-size: 1.95rem; line-height: 1.2; margin: .2rem 0 .5rem; letter-spacing: -.01em; }
        header p { max-width: 52rem; margin: 0 0 1rem; color: var(--faint); }
        dl.facts { display: flex; flex-wrap: wrap; gap: .35rem 2.2rem; margin: 0; font-size: .9rem; }
        dl.facts div { display: flex; gap: .5rem; }
        dl.facts dt { color: var(--faint); }
        dl.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
        .verdict { border-left: 5px solid; border-radius: 6px; padding: .9rem 1.2rem; margin: 1.1rem 0 1.5rem; font-size: 1.05rem;
          font-weight: 550; }
        .verdict.clean { border-color: var(--good); background: var(--good-ground); color: var(--good); }
        .verdict.violations { border-color: var(--bad); background: var(--bad-ground); color: var(--bad); }
        .verdict.undecidable { border-color: var(--warn); background: var(--warn-ground); color: var(--warn); }
        nav ol { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; list-style: none; margin: 0 0 1.5rem; padding: 0; font-size: .9rem; }
        nav .n { color: var(--faint); font-variant-numeric: tabular-nums; }
        section { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 1.25rem 1.4rem 1.4rem;
          margin: 0 0 1.25rem; }
        h2 { font-size: 1.2rem; margin: 0; }
        .question { color: var(--faint); margin: .1rem 0 1rem; }
        .empty { margin: 0; color: var(--good); }
        .note { color: var(--faint); font-size: .87rem; margin: .8rem 0 0; }
        .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .7rem; margin: 0; }
        .figures div { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; }
        .figures dt { color: var(--faint); font-size: .82rem; line-height: 1.3; }
        .figures dd { margin: .1rem 0 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .86rem; }
        th { text-align: left; font-weight: 600; color: var(--faint); border-bottom: 2px solid var(--line); line-height: 1.25;
          padding: .35rem .7rem .35rem 0; vertical-align: bottom; }
        td { padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word;
          max-width: 20rem; }
        tbody tr:nth-child(even) { background: var(--stripe); }
        td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
        td.key { font-weight: 550; }
        td.proof { min-width: 13rem; }
        .mono, .evidence { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .8rem; }
        .evidence { list-style: none; overflow-wrap: anywhere; margin: 0; padding: 0; color: var(--faint); }
        .absent { color: var(--faint); }
        svg.share { display: block; width: 5.5rem; height: .4rem; margin: .25rem 0 0 auto; }
        svg.share .whole { fill: var(--calm-ground); } svg.share .part { fill: var(--bar); }
        .badge { display: inline-block; padding: .05rem .5rem; border-radius: 999px; font-size: .78rem; font-weight: 600;
          white-space: nowrap; background: var(--calm-ground); color: var(--calm); }
        .badge.good { background: var(--good-ground); color: var(--good); }
        .badge.bad { background: var(--bad-ground); color: var(--bad); }
        .badge.warn { background: var(--warn-ground); color: var(--warn); }
        .finding { border-top: 1px solid var(--line); padding: .9rem 0 .8rem; break-inside: avoid; }
        .finding:first-of-type { border-top: 0; padding-top: 0; }
        .finding h3 { font-size: 1rem; margin: 0 0 .15rem; display: flex; flex-wrap: wrap; gap: .6rem; align-items: baseline; }
        .finding p { margin: .15rem 0 .3rem; }
        .finding .meta { color: var(--faint); font-size: .85rem; }
        .finding.aside { opacity: .75; }
        svg.time { display: block; width: 100%; height: auto; }
        svg.time .enforced { fill: var(--bar); } svg.time .blocked { fill: var(--calm); }
        svg.time .violations { fill: var(--bad); } svg.time .unverifiable { fill: var(--warn); }
        svg.time .axis { stroke: var(--line); } svg.time text { fill: var(--faint); font-size: 11px; }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; margin: .5rem 0 0; padding: 0; font-size: .85rem;
          color: var(--faint); }
        .legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .45em; }
        i.enforced { background: var(--bar); } i.blocked { background: var(--calm); }
        i.violations { background: var(--bad); } i.unverifiable { background: var(--warn); }
        details { margin-top: .8rem; } summary { cursor: pointer; color: var(--accent); font-size: .88rem; }
        ul.notes { margin: 0; padding-left: 1.2rem; } ul.notes li { margin: .25rem 0; }
        dl.words { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; font-size: .9rem; }
        dl.words dt { font-weight: 600; } dl.words dd { margin: 0; }
        footer { color: var(--faint); font-size: .85rem; }
        @media (max-width: 40rem) { .sheet { padding: 0 .8rem 2rem; } dl.words { grid-template-columns: 1fr; } h1 { font-size: 1.5rem; } }
        @media print {
          :root { --paper: #fff; --ground: #fff; --ink: #000; --faint: #444; --line: #bbb; --stripe: #fff; --accent: #000;
            --good: #0a5c32; --good-ground: #eef7f1; --bad: #96140d; --bad-ground: #fdf0ee; --warn: #6b4600; --warn-ground: #fcf5e3;
            --calm: #333; --calm-ground: #eee; --bar: #8aa5c4; }
          @page { size: A4 landscape; margin: 12mm; }
          body { font-size: 10pt; } .sheet { max-width: none; padding: 0; } nav, .skip, details { display: none; }
          section { border: 0; padding: 0; margin: 0 0 7mm; } h2 { break-after: avoid; } .question { break-after: avoid; }
          header { padding: 0; } table { font-size: 7.5pt; } td { overflow-wrap: anywhere; max-width: none; min-width: 0 !important; } thead { display: table-header-group; } tr { break-inside: avoid; }
          .scroll { overflow: visible; } svg.time { max-height: 55mm; }
          .finding { padding: 2mm 0; } .finding .evidence li { display: inline; } .finding .evidence li + li::before { content: "; "; }
           .figures { grid-template-columns: repeat(6, 1fr); }
          * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
        }
        """
}
