import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type ExceptionRules } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';

const longestDays = 3650;

/** How exceptions come to hold: who has to say yes, and for how long at most. */
export function ExceptionRulesForm({ rules, onClose }: { rules: ExceptionRules; onClose: () => void }) {
  const queries = useQueryClient();
  const [secondPerson, setSecondPerson] = useState(rules.secondPerson);
  const [days, setDays] = useState(rules.maxDays === null ? '' : String(rules.maxDays));
  const maxDays = days.trim() === '' ? null : Number(days);
  const isRight = maxDays === null || (Number.isInteger(maxDays) && maxDays >= 1 && maxDays <= longestDays);
  const save = useMutation({
    mutationFn: () => call(endpoints.setExceptionRules, { body: { secondPerson, maxDays } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.getExceptionRules) });
      onClose();
    },
  });
  return (
    <FormModal
      title="Rules of exceptions"
      action="Save"
      usable={isRight}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Checkbox
        checked={secondPerson}
        description="Otherwise whoever may approve exceptions needs nobody for their own"
        onChange={({ detail }) => setSecondPerson(detail.checked)}
      >
        A second person has to approve
      </Checkbox>
      <FormField
        label="Days that one may hold at most"
        description="Empty: until somebody ends it. Exceptions that hold already keep their time"
        errorText={isRight ? '' : `Whole days, 1 to ${longestDays}, or nothing`}
      >
        <Input value={days} inputMode="numeric" onChange={({ detail }) => setDays(detail.value)} />
      </FormField>
    </FormModal>
  );
}

/** The rules in words. */
export function rulesInWords({ secondPerson, maxDays }: ExceptionRules): string {
  const who = secondPerson ? 'A second person has to approve each' : 'Whoever may approve needs nobody for their own';
  return `${who}; ${maxDays === null ? 'they hold as long as somebody wants' : `they hold for at most ${maxDays} days`}.`;
}
